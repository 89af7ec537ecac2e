package host_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/remora-mcp/remora/host"
	"github.com/remora-mcp/remora/host/storetest"
)

func TestMemoryStore(t *testing.T) {
	stores := map[*testing.T]host.Store{}
	storetest.Run(t, func(t *testing.T) host.Store {
		if stores[t] == nil {
			stores[t] = host.NewMemoryStore()
		}
		return stores[t]
	})
}

func TestFileStore(t *testing.T) {
	folders := map[*testing.T]string{}
	storetest.Run(t, func(t *testing.T) host.Store {
		if folders[t] == "" {
			folders[t] = t.TempDir()
		}
		return fileStore(t, filepath.Join(folders[t], "new", "folder", "store.json"))
	})
}

func fileStore(t testing.TB, path string) *host.FileStore {
	t.Helper()
	s, err := host.NewFileStore(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestFileStoreModes: nobody else can read it, and what others could have written
// is not used.
func TestFileStoreModes(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new")
	path := filepath.Join(folder, "store.json")
	s := fileStore(t, path)
	if _, _, err := s.Get(t.Context(), "key"); err != nil {
		t.Error(err)
	}
	if err := s.Delete(t.Context(), "key"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(folder); err == nil {
		t.Error("the folder is there before there is anything to be kept")
	}
	if err := s.Set(t.Context(), "key", "canary-value"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{folder: 0o700, path: 0o600, path + ".lock": 0o600} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: got %v, %v, want mode %#o", name, info.Mode(), err, want)
		}
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	_, _, err := s.Get(t.Context(), "key")
	if !errors.Is(err, &host.Error{Code: host.CodeLocalBadArgument}) || !strings.Contains(err.Error(), "by others (mode 0640") {
		t.Errorf("a file that others can read: got %v", err)
	}
	if err := s.Set(t.Context(), "key", "x"); err == nil {
		t.Error("a file that others can read was written")
	}
}

func TestFileStoreIsSomethingElse(t *testing.T) {
	for name, content := range map[string]string{
		"not JSON": "canary-secret", "an array": `["canary-secret"]`, "null": "null", "other values": `{"key":{"canary-secret":1}}`,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "store.json")
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			s := fileStore(t, path)
			for _, err := range []error{get(s), s.Set(t.Context(), "key", "value")} {
				if err == nil || strings.Contains(err.Error(), "canary") {
					t.Errorf("got %v", err)
				}
			}
			if now, _ := os.ReadFile(path); string(now) != content {
				t.Error("it was written to")
			}
		})
	}
	if _, err := host.NewFileStore(""); err == nil {
		t.Error("an empty path is taken")
	}
	if err := get(fileStore(t, t.TempDir())); err == nil {
		t.Error("a folder is taken")
	}
}

func get(s host.Store) error {
	_, _, err := s.Get(context.Background(), "key")
	return err
}

// TestStoresAreNotShown: no form of a store has what is in it.
func TestStoresAreNotShown(t *testing.T) {
	memory := host.NewMemoryStore()
	_ = memory.Set(t.Context(), "key", "canary-value")
	file := fileStore(t, filepath.Join(t.TempDir(), "store.json"))
	_ = file.Set(t.Context(), "key", "canary-value")
	for _, form := range []string{"%v", "%+v", "%#v", "%s"} {
		if shown := fmt.Sprintf(form+form, memory, file); strings.Contains(shown, "canary") {
			t.Errorf("%s: %s", form, shown)
		}
	}
}

// countVariable has the test program add to a FileStore instead of testing.
const countVariable = "REMORA_TEST_COUNT_IN"

func TestFileStoreOfSeveralProcesses(t *testing.T) {
	const processes, each = 4, 25
	if path := os.Getenv(countVariable); path != "" {
		s := fileStore(t, path)
		for range each {
			if err := storetest.AddOne(t.Context(), s, "count"); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	path := filepath.Join(t.TempDir(), "store.json")
	var all sync.WaitGroup
	for range processes {
		all.Go(func() {
			cmd := exec.Command(os.Args[0], "-test.run=^TestFileStoreOfSeveralProcesses$")
			cmd.Env = append(os.Environ(), countVariable+"="+path)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	all.Wait()
	if got, _, err := fileStore(t, path).Get(t.Context(), "count"); err != nil || got != fmt.Sprint(processes*each) {
		t.Errorf("got %q, %v, want %d", got, err, processes*each)
	}
	if left, err := filepath.Glob(path + ".*.new"); err != nil || len(left) > 0 {
		t.Errorf("left over: %q, %v", left, err)
	}
}
