package main

import (
	"context"
	"time"

	"seikan/sadb"
	"seikan/tun"
)

const (
	pathsEvery  = 2 * time.Second // how often some paths are looked at
	pathsAtOnce = 200             // and how many: what the kernel is asked costs some microseconds each
)

// watchPaths tells the router what the kernel learns of the paths to the peers, until ctx ends.
func (s *service) watchPaths(ctx context.Context) {
	tick := time.NewTicker(pathsEvery)
	defer tick.Stop()
	told := make(map[sadb.Host]int)
	next := 0 // the path to begin with
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		paths, err := s.router.Paths(ctx)
		if err != nil {
			return // the router has stopped
		}
		here := make(map[sadb.Host]bool, len(paths))
		for _, p := range paths {
			here[p.RemoteHost()] = true
		}
		for a := range told {
			if !here[a] {
				delete(told, a)
				_ = s.router.PathMTU(ctx, a, 0) // but for the end, there is no error
			}
		}
		for range min(len(paths), pathsAtOnce) {
			p := paths[next%len(paths)]
			next++
			n, err := tun.PathMTU(s.fronts[p.VRF].name, p.Local.Addr(), p.Remote.Addr())
			if remote := p.RemoteHost(); err == nil && n != told[remote] {
				if told[remote] = n; n == 0 {
					delete(told, remote)
				}
				_ = s.router.PathMTU(ctx, remote, n)
			}
		}
	}
}
