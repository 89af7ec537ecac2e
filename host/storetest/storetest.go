// Package storetest has the contract of [host.Store] as a test, for the stores of
// remora and of applications.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/remora-mcp/remora/host"
)

// Run tests the contract. open returns a store each time: those of one t share
// what is in them, as two programs do that use the same store, and it is empty at
// first. A store that cannot be shared is returned itself each time.
func Run(t *testing.T, open func(t *testing.T) host.Store) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, func(*testing.T) host.Store)
	}{
		{"values", testValues},
		{"swap", testSwap},
		{"large values", testLarge},
		{"shared", testShared},
		{"swaps at once", testSwapsAtOnce},
		{"a context that has ended", testEnded},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open) })
	}
}

// want checks the value of key; nil is none.
func want(t *testing.T, s host.Store, key string, value *string) {
	t.Helper()
	got, ok, err := s.Get(t.Context(), key)
	switch {
	case err != nil:
		t.Errorf("Get: %v", err)
	case ok != (value != nil), ok && got != *value:
		t.Errorf("Get: got %d bytes, %v, which is not what was written", len(got), ok)
	}
}

func text(s string) *string { return &s }

func testValues(t *testing.T, open func(*testing.T) host.Store) {
	s, ctx := open(t), t.Context()
	want(t, s, "a", nil)
	if err := s.Delete(ctx, "a"); err != nil {
		t.Errorf("Delete of nothing: %v", err)
	}
	for _, value := range []string{"1", "2", "", `{"x":"<&>\u2028"}`, "line\nline\x00ü"} {
		if err := s.Set(ctx, "a", value); err != nil {
			t.Fatalf("Set: %v", err)
		}
		want(t, s, "a", &value)
	}
	if err := s.Set(ctx, "b/ of https://a.example?x=\"1\"", "other"); err != nil {
		t.Fatalf("Set: %v", err)
	}
	if err := s.Delete(ctx, "a"); err != nil {
		t.Errorf("Delete: %v", err)
	}
	want(t, s, "a", nil)
	want(t, s, "b/ of https://a.example?x=\"1\"", text("other"))
}

func testSwap(t *testing.T, open func(*testing.T) host.Store) {
	s := open(t)
	for i, step := range []struct {
		was, value *string
		swapped    bool
		after      *string
	}{
		{text("1"), text("2"), false, nil},
		{nil, nil, true, nil},
		{nil, text("1"), true, text("1")},
		{nil, text("2"), false, text("1")},
		{text("2"), text("3"), false, text("1")},
		{text("2"), nil, false, text("1")},
		{text("1"), text("2"), true, text("2")},
		{text("2"), text(""), true, text("")},
		{nil, text("3"), false, text("")},
		{text(""), nil, true, nil},
	} {
		swapped, err := s.Swap(t.Context(), "key", step.was, step.value)
		if err != nil || swapped != step.swapped {
			t.Errorf("step %d: Swap: got %v, %v", i, swapped, err)
		}
		want(t, s, "key", step.after)
	}
}

func testLarge(t *testing.T, open func(*testing.T) host.Store) {
	s := open(t)
	key, value := strings.Repeat("k", host.MaxStoreKeyBytes), strings.Repeat("v", host.MaxStoreValueBytes)
	if err := s.Set(t.Context(), key, value); err != nil {
		t.Fatalf("Set: %v", err)
	}
	want(t, s, key, &value)
	if swapped, err := s.Swap(t.Context(), key, &value, text("small")); err != nil || !swapped {
		t.Errorf("Swap: got %v, %v", swapped, err)
	}
	want(t, s, key, text("small"))
}

func testShared(t *testing.T, open func(*testing.T) host.Store) {
	one, two := open(t), open(t)
	if err := one.Set(t.Context(), "key", "one"); err != nil {
		t.Fatal(err)
	}
	want(t, two, "key", text("one"))
	if swapped, err := two.Swap(t.Context(), "key", text("one"), text("two")); err != nil || !swapped {
		t.Errorf("Swap: got %v, %v", swapped, err)
	}
	want(t, one, "key", text("two"))
	if swapped, err := one.Swap(t.Context(), "key", text("one"), text("three")); err != nil || swapped {
		t.Errorf("Swap of what is no longer so: got %v, %v", swapped, err)
	}
}

// testSwapsAtOnce: of many who add one each, none is lost.
func testSwapsAtOnce(t *testing.T, open func(*testing.T) host.Store) {
	const workers, each = 8, 10
	var all sync.WaitGroup
	for range workers {
		s := open(t)
		all.Go(func() {
			for range each {
				if err := AddOne(t.Context(), s, "count"); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	want(t, open(t), "count", text(fmt.Sprint(workers*each)))
}

// AddOne adds one to the number that is the value of key, by Swap; none is lost,
// however many goroutines and processes do that.
func AddOne(ctx context.Context, s host.Store, key string) error {
	for {
		value, ok, err := s.Get(ctx, key)
		if err != nil {
			return err
		}
		number, was := 0, (*string)(nil)
		if ok {
			was = &value
			if _, err := fmt.Sscan(value, &number); err != nil {
				return err
			}
		}
		swapped, err := s.Swap(ctx, key, was, text(fmt.Sprint(number+1)))
		if err != nil || swapped {
			return err
		}
	}
}

// testEnded: what a context that has ended does not do is said, and not half done.
func testEnded(t *testing.T, open func(*testing.T) host.Store) {
	s := open(t)
	if err := s.Set(t.Context(), "key", "before"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	after := text("before")
	if err := s.Set(ctx, "key", "after"); err == nil {
		after = text("after") // it may also be done
	} else if !errors.Is(err, context.Canceled) {
		t.Errorf("Set: got %v, want the context's error", err)
	}
	want(t, s, "key", after)
}
