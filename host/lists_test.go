package host

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

func TestCollect(t *testing.T) {
	failed := errors.New("failed")
	list := func(n int, end error) iter.Seq2[*int, error] {
		return func(yield func(*int, error) bool) {
			for i := range n {
				if !yield(&i, nil) {
					return
				}
			}
			if end != nil {
				yield(nil, end)
			}
		}
	}
	for _, c := range []struct {
		name    string
		entries int
		end     error
		most    int
		want    int
		code    Code
	}{
		{"all", 3, nil, 3, 3, ""},
		{"none", 0, nil, 1, 0, ""},
		{"more than allowed", 4, nil, 3, 3, CodeLocalTooLarge},
		{"by default", DefaultCollect, nil, 0, DefaultCollect, ""},
		{"more than the default", DefaultCollect + 1, nil, 0, DefaultCollect, CodeLocalTooLarge},
		{"a bound that is none", 1, nil, -1, 0, CodeLocalBadArgument},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Collect(list(c.entries, c.end), c.most)
			var e *Error
			if errors.As(err, &e) != (c.code != "") || e != nil && e.Code != c.code {
				t.Errorf("got %v, want %s", err, c.code)
			}
			if len(got) != c.want {
				t.Errorf("%d entries, want %d", len(got), c.want)
			}
		})
	}
	if got, err := Collect(list(2, failed), 5); !errors.Is(err, failed) || len(got) != 2 {
		t.Errorf("got %d entries and %v, want 2 and the list's own error", len(got), err)
	}
}

// What cannot be right is refused before anything is sent.
func TestBadRequests(t *testing.T) {
	s := connect(t, fakeRuntime(t, Options{}, func(_ int, g *fakeGuest) {
		g.script = sound(func(g *fakeGuest, f wire.Frame) ([]wire.Frame, bool) {
			if h, isCall := onCommand(g.t, f, "connect"); isCall || f.Kind != wire.KindCall || h.Command == "close" || h.Command == "listen" {
				return nil, false
			}
			g.t.Errorf("sent %s", f.Header)
			return nil, false
		})
	}), serverURL, nil)
	answers := mcp.InputResponseMap{}
	for name, call := range map[string]func(context.Context) error{
		"read without a URI": func(ctx context.Context) error { _, err := s.ReadResource(ctx, nil); return err },
		"read with answers": func(ctx context.Context) error {
			_, err := s.ReadResource(ctx, &mcp.ReadResourceParams{URI: "a:b", InputResponses: answers})
			return err
		},
		"prompt without a name": func(ctx context.Context) error { _, err := s.GetPrompt(ctx, nil); return err },
		"prompt with a state": func(ctx context.Context) error {
			_, err := s.GetPrompt(ctx, &mcp.GetPromptParams{Name: "a", RequestState: "s"})
			return err
		},
		"complete nothing":       func(ctx context.Context) error { _, err := s.Complete(ctx, nil); return err },
		"subscribe to nothing":   func(ctx context.Context) error { return s.Subscribe(ctx, nil) },
		"unsubscribe of nothing": func(ctx context.Context) error { return s.Unsubscribe(ctx, &mcp.UnsubscribeParams{}) },
		"a _meta without JSON": func(ctx context.Context) error {
			_, err := s.ListPrompts(ctx, &mcp.ListPromptsParams{Meta: mcp.Meta{"a": func() {}}})
			return err
		},
	} {
		var e *Error
		if err := call(t.Context()); !errors.As(err, &e) || e.Code != CodeLocalBadArgument || e.Sent != SentNo {
			t.Errorf("%s: got %v, want %s", name, err, CodeLocalBadArgument)
		}
	}
}

// A session that is opened again in a fresh instance has its level of logging and
// its subscriptions, and the calls' cache modes arrive.
func TestReopenedSessionIsRestored(t *testing.T) {
	var guests []*fakeGuest
	var connects []wire.Connect
	var modes []string
	rt := fakeRuntime(t, Options{}, func(_ int, g *fakeGuest) {
		guests = append(guests, g)
		g.script = sound(func(g *fakeGuest, f wire.Frame) ([]wire.Frame, bool) {
			if h, _ := onCommand(g.t, f, "listPrompts"); h.Command == "listPrompts" {
				modes = append(modes, h.CacheMode)
			}
			if _, isConnect := onCommand(g.t, f, "connect"); isConnect {
				var p wire.Connect
				if err := json.Unmarshal(f.Payload, &p); err != nil {
					g.t.Error(err)
				}
				connects = append(connects, p)
			}
			return nil, false
		})
	})
	s := connect(t, rt, serverURL, &ConnectOptions{LogLevel: "info", CacheMode: CacheBypass})
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	//lint:ignore SA1019 see Session.SetLoggingLevel
	must(s.SetLoggingLevel(ctx, &mcp.SetLoggingLevelParams{Level: "error"}))
	for _, uri := range []string{"b:2", "c:3", "a:1"} {
		must(s.Subscribe(ctx, &mcp.SubscribeParams{URI: uri}))
	}
	must(s.Unsubscribe(ctx, &mcp.UnsubscribeParams{URI: "c:3"}))
	guests[0].trap()
	if err := s.Ping(ctx, nil); err == nil {
		t.Error("a call in an instance that failed succeeded")
	}
	_, err := s.ListPrompts(ctx, nil)
	must(err)
	_, err = s.ListPrompts(WithCallOptions(ctx, CallOptions{CacheMode: CacheRefresh}), nil)
	must(err)
	if len(connects) != 2 {
		t.Fatalf("%d times connected, want twice", len(connects))
	}
	if first := connects[0]; first.LogLevel != "info" || len(first.Subscriptions) != 0 || first.CacheMode != "bypass" {
		t.Errorf("connected with %+v", first)
	}
	if again := connects[1]; again.LogLevel != "error" || !slices.Equal(again.Subscriptions, []string{"a:1", "b:2"}) || again.CacheMode != "bypass" {
		t.Errorf("connected again with %+v", again)
	}
	if !slices.Equal(modes, []string{"", "refresh"}) {
		t.Errorf("cache modes %q", modes)
	}
}
