package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// Both have the methods of Client with the same signatures.
var _ Client = (*mcp.ClientSession)(nil)

// pagesOf makes a session whose server has the given page for each cursor.
func pagesOf(t *testing.T, page func(cursor string) string) *Session {
	rt := fakeRuntime(t, Options{}, func(_ int, g *fakeGuest) {
		g.script = sound(func(g *fakeGuest, f wire.Frame) ([]wire.Frame, bool) {
			if _, ok := onCommand(g.t, f, "listTools"); !ok {
				return nil, false
			}
			var p wire.ListTools
			if err := json.Unmarshal(f.Payload, &p); err != nil {
				g.t.Error(err)
			}
			return []wire.Frame{frameOf(wire.KindDone, f.ID, nil, page(p.Cursor))}, true
		})
	})
	return connect(t, rt, serverURL, nil)
}

func TestTools(t *testing.T) {
	s := pagesOf(t, func(cursor string) string {
		switch cursor {
		case "":
			return `{"tools":[{"name":"a","inputSchema":{}},{"name":"b","inputSchema":{}}],"nextCursor":"2"}`
		case "2":
			return `{"tools":[null,{"name":"c","inputSchema":{}}]}`
		}
		return `{"tools":[]}`
	})
	names := func(params *mcp.ListToolsParams, most int) (names []string) {
		for tool, err := range s.Tools(t.Context(), params) {
			if err != nil {
				t.Fatal(err)
			}
			if names = append(names, tool.Name); len(names) == most {
				break
			}
		}
		return names
	}
	if got := names(nil, 99); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("got %q", got)
	}
	if got := names(nil, 1); !slices.Equal(got, []string{"a"}) {
		t.Errorf("stopped after one: %q", got)
	}
	params := &mcp.ListToolsParams{Cursor: "2"}
	if got := names(params, 99); !slices.Equal(got, []string{"c"}) || params.Cursor != "2" {
		t.Errorf("from the second page: %q, and the parameters are now %q", got, params.Cursor)
	}
}

func TestToolsWithoutAnEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		next func(cursor string) string
		most int
	}{
		"the same cursor":  {func(string) string { return "x" }, 2},
		"back to page one": {func(c string) string { return map[string]string{"": "x", "x": "y", "y": "x"}[c] }, 3},
		"ever more pages":  {func(c string) string { return c + "." }, wire.MaxListPages},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.most == wire.MaxListPages && testing.Short() {
				tt.most = wire.MaxListPages
			}
			pages := 0
			cursors := map[string]int{}
			s := pagesOf(t, func(cursor string) string {
				pages++
				next := tt.next(cursor)
				if tt.most == wire.MaxListPages {
					next = fmt.Sprint(len(cursors)) // short ones
					cursors[cursor]++
				}
				return fmt.Sprintf(`{"tools":[],"nextCursor":%q}`, next)
			})
			var last error
			for _, err := range s.Tools(t.Context(), nil) {
				last = err
			}
			if !errors.Is(last, &Error{Code: CodeHTTPNotMCP}) {
				t.Errorf("got %v", last)
			}
			if pages > tt.most {
				t.Errorf("%d pages were fetched, want at most %d", pages, tt.most)
			}
		})
	}
}

func TestToolsError(t *testing.T) {
	s := pagesOf(t, func(string) string { return `{"tools":{}}` })
	for tool, err := range s.Tools(t.Context(), nil) {
		if tool != nil || !errors.Is(err, &Error{Code: CodeLocalUnsupported}) {
			t.Errorf("got %v, %v", tool, err)
		}
	}
	raw, err := s.ListToolsRaw(t.Context(), nil)
	if err != nil || string(raw) != `{"tools":{}}` {
		t.Errorf("raw: %s, %v", raw, err)
	}
}

func TestToolCallOnTheWire(t *testing.T) {
	var got wire.CallTool
	rt := fakeRuntime(t, Options{}, func(_ int, g *fakeGuest) {
		g.script = sound(func(g *fakeGuest, f wire.Frame) ([]wire.Frame, bool) {
			if _, ok := onCommand(g.t, f, "callTool"); ok {
				got = wire.CallTool{}
				if err := json.Unmarshal(f.Payload, &got); err != nil {
					g.t.Error(err)
				}
			}
			return nil, false
		})
	})
	s := connect(t, rt, serverURL, nil)
	for _, tt := range []struct {
		args any
		want string
	}{
		{nil, `{}`},
		{(map[string]any)(nil), `{}`},
		{map[string]any{"a": "<&>"}, `{"a":"<&>"}`},
		{json.RawMessage(`{"n":12345678901234567890}`), `{"n":12345678901234567890}`},
		{addArgs{1, 2}, `{"a":1,"b":2}`},
	} {
		if _, err := s.CallToolRaw(t.Context(), &mcp.CallToolParams{Name: "x", Arguments: tt.args, Meta: mcp.Meta{"k": "v"}}); err != nil {
			t.Fatal(err)
		}
		if string(got.Arguments) != tt.want || string(got.Meta) != `{"k":"v"}` || got.Name != "x" {
			t.Errorf("%v: sent %s, _meta %s", tt.args, got.Arguments, got.Meta)
		}
	}
}
