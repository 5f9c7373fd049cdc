package cli

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Of routers that start at once where a socket was left, one has it, and it is there.
func TestListenAtOnce(t *testing.T) {
	for range 300 {
		path := socketPath(t)
		leaveStale(t, path)
		var all sync.WaitGroup
		var mu sync.Mutex
		var got []*Listener
		for range 16 {
			all.Go(func() {
				if l, err := Listen(path); err == nil {
					mu.Lock()
					got = append(got, l)
					mu.Unlock()
				}
			})
		}
		all.Wait()
		if len(got) > 1 {
			t.Fatalf("%d routers have the socket", len(got))
		}
		if len(got) == 1 {
			if info, err := os.Lstat(path); err != nil || !os.SameFile(info, got[0].file) {
				t.Fatalf("the socket of the one that has it: %v", err)
			}
			if err := got[0].Close(); err != nil {
				t.Error(err)
			}
			checkEmpty(t, filepath.Dir(path))
		}
	}
}
