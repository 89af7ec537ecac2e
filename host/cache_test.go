package host

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCacheFolder(t *testing.T) {
	mode := func(t *testing.T, path string, want fs.FileMode) {
		t.Helper()
		info, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode(); got != want|fs.ModeDir {
			t.Errorf("%s has mode %v, want %v", path, got, want|fs.ModeDir)
		}
	}
	t.Run("default", func(t *testing.T) {
		home := t.TempDir()
		t.Setenv("HOME", home)
		t.Setenv("XDG_CACHE_HOME", filepath.Join(home, "cache"))
		user, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		dir, err := cacheFolder("")
		if err != nil || !strings.HasPrefix(dir, filepath.Join(user, "remora")) {
			t.Fatalf("got %s, %v", dir, err)
		}
		mode(t, dir, 0o700)
		mode(t, filepath.Dir(dir), 0o700)
		again, err := cacheFolder("")
		if again != dir || err != nil {
			t.Errorf("the second time: %s, %v", again, err)
		}
	})
	t.Run("open to others is emptied", func(t *testing.T) {
		base := t.TempDir()
		dir, err := cacheFolder(base)
		if err != nil {
			t.Fatal(err)
		}
		planted := filepath.Join(dir, "planted")
		if err := os.WriteFile(planted, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, 0o770); err != nil {
			t.Fatal(err)
		}
		if _, err := cacheFolder(base); err != nil {
			t.Fatal(err)
		}
		mode(t, dir, 0o700)
		if _, err := os.Stat(planted); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("what somebody may have put there is still there: %v", err)
		}
	})
	t.Run("a link", func(t *testing.T) {
		base, elsewhere := t.TempDir(), t.TempDir()
		if err := os.Symlink(elsewhere, filepath.Join(base, "compiled")); err != nil {
			t.Fatal(err)
		}
		if dir, err := cacheFolder(base); err == nil {
			t.Errorf("got %s", dir)
		}
	})
	t.Run("a file", func(t *testing.T) {
		base := t.TempDir()
		if err := os.WriteFile(filepath.Join(base, "compiled"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if dir, err := cacheFolder(base); err == nil {
			t.Errorf("got %s", dir)
		}
	})
	t.Run("a parent that others can write to", func(t *testing.T) {
		base := t.TempDir()
		if err := os.Chmod(base, 0o777); err != nil {
			t.Fatal(err)
		}
		if dir, err := cacheFolder(base); err == nil {
			t.Errorf("got %s", dir)
		}
		// As in a temporary folder: nobody can replace what is another's.
		if err := os.Chmod(base, 0o777|fs.ModeSticky); err != nil {
			t.Fatal(err)
		}
		if _, err := cacheFolder(base); err != nil {
			t.Error(err)
		}
	})
	t.Run("another user's", func(t *testing.T) {
		if os.Geteuid() != 0 {
			t.Log("only root can give a folder away")
			return
		}
		base := t.TempDir()
		dir, err := cacheFolder(base)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(dir, 12345, 12345); err != nil {
			t.Fatal(err)
		}
		if dir, err := cacheFolder(base); err == nil {
			t.Errorf("got %s", dir)
		}
	})
}

func TestOpenWithoutCache(t *testing.T) {
	wasm := buildTestGuest(t)
	base := t.TempDir()
	if err := os.WriteFile(filepath.Join(base, "compiled"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	rt, err := Open(t.Context(), Options{Wasm: wasm, CacheDir: base, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	if err := rt.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "without a cache") {
		t.Errorf("the logger was not told: %q", log.String())
	}
}

func TestOpenKeepsAndMendsTheCache(t *testing.T) {
	wasm := buildTestGuest(t)
	base := t.TempDir()
	open := func() {
		t.Helper()
		rt, err := Open(t.Context(), Options{Wasm: wasm, CacheDir: base, Logger: testLogger(t)})
		if err != nil {
			t.Fatal(err)
		}
		if err := rt.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	open()
	var entries []string
	err := filepath.WalkDir(base, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			entries = append(entries, path)
			if info, err := d.Info(); err != nil || info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s can be read by others", path)
			}
		}
		return err
	})
	if err != nil || len(entries) == 0 {
		t.Fatalf("nothing is kept: %v, %v", entries, err)
	}
	for _, path := range entries {
		if err := os.WriteFile(path, []byte("not machine code"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	open()
}
