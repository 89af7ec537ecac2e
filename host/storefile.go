package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

const (
	// maxStoreFileBytes bounds the file of a FileStore.
	maxStoreFileBytes = 16 << 20
	// lockRetry is how often a lock that another process has is tried again.
	lockRetry = 5 * time.Millisecond
)

// A FileStore is a Store in a file that only this user can read. Any number of
// programs on package host can share the file: each change is made under a lock
// of the system's, which ends with the process that holds it, and replaces the
// file in one step, so that a program that dies leaves it whole.
//
// What is in the file is not encrypted.
type FileStore struct {
	path string
	mu   sync.Mutex // held while the file is changed: the lock is of a process
}

// NewFileStore returns the store in the file at path. File and folder are made
// when there is something to be kept: the file with mode 0600, folders with 0700.
// A file that is another user's, or that others can read or write, is refused
// whenever it is used. Beside it lies an empty file for the lock, path + ".lock".
func NewFileStore(path string) (*FileStore, error) {
	if path == "" {
		return nil, failure(CodeLocalBadArgument, "NewFileStore: the path is empty")
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, asError(err, CodeLocalBadArgument)
	}
	return &FileStore{path: absolute}, nil
}

// Path is where the file is.
func (s *FileStore) Path() string { return s.path }

// String names the file, and nothing that is in it.
func (s *FileStore) String() string { return "a store in the file " + s.path }

// Get implements Store.
func (s *FileStore) Get(ctx context.Context, key string) (string, bool, error) {
	if !s.exists() {
		return "", false, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// Not every system can replace a file that somebody reads.
	unlock, err := s.lock(ctx, (*flock.Flock).TryRLockContext)
	if err != nil {
		return "", false, err
	}
	defer unlock()
	values, err := s.read()
	if err != nil {
		return "", false, err
	}
	value, ok := values[key]
	return value, ok, nil
}

// Set implements Store.
func (s *FileStore) Set(ctx context.Context, key, value string) error {
	return s.change(ctx, func(values map[string]string) bool {
		putValue(values, key, &value)
		return true
	})
}

// Swap implements Store.
func (s *FileStore) Swap(ctx context.Context, key string, was, value *string) (swapped bool, err error) {
	err = s.change(ctx, func(values map[string]string) bool {
		swapped = isValue(values, key, was)
		if swapped {
			putValue(values, key, value)
		}
		return swapped
	})
	return swapped && err == nil, err
}

// Delete implements Store.
func (s *FileStore) Delete(ctx context.Context, key string) error {
	if !s.exists() {
		return nil
	}
	return s.change(ctx, func(values map[string]string) bool {
		_, there := values[key]
		delete(values, key)
		return there
	})
}

func (s *FileStore) exists() bool {
	_, err := os.Lstat(s.path)
	return !errors.Is(err, fs.ErrNotExist)
}

// problem is why the file cannot be used. It quotes nothing that is in it.
func (s *FileStore) problem(err error) *Error {
	return &Error{Code: CodeLocalBadArgument, Message: "the store of credentials: " + err.Error(), Sent: SentNo, cause: err}
}

// read returns what is in the file; nothing, if there is none.
func (s *FileStore) read() (map[string]string, error) {
	values := make(map[string]string)
	f, err := os.Open(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return values, nil
	}
	if err != nil {
		return nil, s.problem(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, s.problem(err)
	}
	if err := checkOwner(s.path, info); err != nil {
		return nil, s.problem(err)
	}
	if !info.Mode().IsRegular() {
		return nil, s.problem(fmt.Errorf("%s is not a file", s.path))
	}
	if !private(info) {
		return nil, s.problem(fmt.Errorf("%s can be read or written by others (mode %#o, should be 0600)", s.path, info.Mode().Perm()))
	}
	text, err := io.ReadAll(io.LimitReader(f, maxStoreFileBytes+1))
	switch {
	case err != nil:
		return nil, s.problem(err)
	case len(text) > maxStoreFileBytes:
		return nil, s.problem(fmt.Errorf("%s is larger than %d bytes", s.path, maxStoreFileBytes))
	case json.Unmarshal(text, &values) != nil || values == nil:
		return nil, s.problem(fmt.Errorf("%s is not a file of remora's", s.path)) // the decoder's message quotes
	}
	return values, nil
}

// change reads the file, has f change what was in it, and writes it if f says so.
// Nobody else changes it meanwhile.
func (s *FileStore) change(ctx context.Context, f func(map[string]string) bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
		return s.problem(err)
	}
	unlock, err := s.lock(ctx, (*flock.Flock).TryLockContext)
	if err != nil {
		return err
	}
	defer unlock()
	values, err := s.read()
	if err != nil {
		return err
	}
	if !f(values) {
		return nil
	}
	return s.write(values)
}

// lock waits for the lock between processes.
func (s *FileStore) lock(ctx context.Context, take func(*flock.Flock, context.Context, time.Duration) (bool, error)) (unlock func(), err error) {
	lock := flock.New(s.path+".lock", flock.SetPermissions(0o600))
	if _, err := take(lock, ctx, lockRetry); err != nil {
		_ = lock.Close()
		if ctx.Err() != nil {
			return nil, contextError(ctx, SentNo)
		}
		return nil, s.problem(err)
	}
	return func() { _ = lock.Close() }, nil
}

// write replaces the file.
func (s *FileStore) write(values map[string]string) error {
	text, err := encode(values)
	if err != nil {
		return s.problem(err)
	}
	if len(text) > maxStoreFileBytes {
		return s.problem(fmt.Errorf("%s would be larger than %d bytes", s.path, maxStoreFileBytes))
	}
	// CreateTemp makes it with mode 0600.
	f, err := os.CreateTemp(filepath.Dir(s.path), filepath.Base(s.path)+".*.new")
	if err != nil {
		return s.problem(err)
	}
	_, err = f.Write(append(text, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), s.path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return s.problem(err)
	}
	return nil
}
