package file

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// content is the files of a directory with their texts.
func content(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e.Name()+"="+string(text))
	}
	return list
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a")
	want := func(when string, list ...string) {
		t.Helper()
		if got := content(t, dir); !slices.Equal(got, list) {
			t.Errorf("%s: got %q, want %q", when, got, list)
		}
	}
	for _, tt := range []struct {
		text  string
		write func(string, []byte) error
		want  []string
	}{
		{"1", WriteKeeping, []string{"a=1"}},
		{"2", Write, []string{"a=2"}},
		{"3", WriteKeeping, []string{"a=3", "a.bak=2"}},
		{"4", WriteKeeping, []string{"a=4", "a.bak=3"}},
		{"", Write, []string{"a=", "a.bak=3"}},
	} {
		if err := tt.write(name, []byte(tt.text)); err != nil {
			t.Fatal(err)
		}
		want("after "+tt.text, tt.want...)
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := errors.Join(os.Symlink(name, link), WriteKeeping(link, []byte("5"))); err != nil {
		t.Fatal(err)
	}
	want("through a link", "a=5", "a.bak=")
	if info, err := os.Lstat(link); err != nil || info.Mode().Type() != fs.ModeSymlink {
		t.Errorf("the link is %v, %v", info.Mode(), err)
	}
}

// The error names the file that was asked for, and leaves nothing behind.
func TestErrors(t *testing.T) {
	dir := t.TempDir()
	nowhere := filepath.Join(dir, "nowhere", "a")
	if err := Write(nowhere, nil); !errors.Is(err, fs.ErrNotExist) || err.Error() != "write "+nowhere+": no such file or directory" {
		t.Errorf("got %v", err)
	}
	if err := errors.Join(os.MkdirAll(filepath.Join(dir, "a.bak", "x"), 0o700), Write(filepath.Join(dir, "a"), []byte("1"))); err != nil {
		t.Fatal(err)
	}
	if err := WriteKeeping(filepath.Join(dir, "a"), []byte("2")); err == nil { // a directory is where the backup should be
		t.Error("no error")
	}
	if got := content(t, dir); !slices.Equal(got, []string{"a=1"}) {
		t.Errorf("got %q", got)
	}
}
