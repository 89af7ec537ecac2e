package host

import (
	"context"
	"sync"

	"github.com/remora-mcp/remora/internal/wire"
)

// Bounds of what a Store is asked to keep.
const (
	MaxStoreKeyBytes   = wire.MaxStoreKeyBytes   // of a key, which is printable ASCII
	MaxStoreValueBytes = wire.MaxStoreValueBytes // of a value
)

// A Store keeps what authorization has to remember: tokens, and what they can be
// renewed with. Keys and values mean something to remora only; values are to be
// kept like passwords, and are not to be shown or logged.
//
// Sessions, programs and machines may share one, if Swap holds for all of them:
// a refresh token that is good for one use is then spent once.
//
// The methods are called by several goroutines at once, may block, and return
// soon after ctx ends. Package storetest has the contract as a test.
type Store interface {
	// Get returns the value of key, and false if there is none.
	Get(ctx context.Context, key string) (string, bool, error)
	// Set writes the value of key, whatever was there.
	Set(ctx context.Context, key, value string) error
	// Swap makes value the value of key, or deletes it if value is nil, provided
	// that its value is *was, or that it has none if was is nil. It reports
	// whether that was so. Nobody who uses the store comes in between.
	Swap(ctx context.Context, key string, was, value *string) (bool, error)
	// Delete deletes key. One that is not there is no error.
	Delete(ctx context.Context, key string) error
}

// A MemoryStore is a Store that is forgotten with the process. The zero value is
// empty and ready to use.
type MemoryStore struct {
	mu     sync.Mutex
	values map[string]string
}

// NewMemoryStore returns an empty MemoryStore.
func NewMemoryStore() *MemoryStore { return new(MemoryStore) }

// Get implements Store.
func (s *MemoryStore) Get(_ context.Context, key string) (string, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value, ok := s.values[key]
	return value, ok, nil
}

// Set implements Store.
func (s *MemoryStore) Set(_ context.Context, key, value string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(key, &value)
	return nil
}

// Swap implements Store.
func (s *MemoryStore) Swap(_ context.Context, key string, was, value *string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !isValue(s.values, key, was) {
		return false, nil
	}
	s.put(key, value)
	return true, nil
}

// Delete implements Store.
func (s *MemoryStore) Delete(_ context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(key, nil)
	return nil
}

func (s *MemoryStore) put(key string, value *string) {
	if s.values == nil {
		s.values = make(map[string]string)
	}
	putValue(s.values, key, value)
}

// isValue reports whether key has the value *was, or none if that is nil.
func isValue(values map[string]string, key string, was *string) bool {
	value, ok := values[key]
	if was == nil {
		return !ok
	}
	return ok && value == *was
}

// putValue writes the value of key, or deletes it.
func putValue(values map[string]string, key string, value *string) {
	if value == nil {
		delete(values, key)
		return
	}
	values[key] = *value
}

// String names the kind of store, and nothing that is in it.
func (s *MemoryStore) String() string { return "a store in memory" }

// GoString is String.
func (s *MemoryStore) GoString() string { return s.String() }
