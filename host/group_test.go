package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func TestPrefixedName(t *testing.T) {
	text, err := os.ReadFile("../test/vectors/group-names.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct{ Name, Prefix, Of, Want string }
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	fits := regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,63}$`)
	for _, v := range vectors {
		if got := PrefixedName(v.Prefix, v.Of); got != v.Want || !fits.MatchString(got) {
			t.Errorf("%s: got %s, want %s", v.Name, got, v.Want)
		}
	}
}

// A toolServer is a server with many tools that a test ends and starts again
// where it was.
type toolServer struct {
	t    *testing.T
	name string
	opts mcp.StreamableHTTPOptions
	addr string

	server *mcp.Server
	http   *httptest.Server
}

func startTools(t *testing.T, name string, opts mcp.StreamableHTTPOptions, tools ...string) *toolServer {
	s := &toolServer{t: t, name: name, opts: opts, addr: "127.0.0.1:0"}
	s.start(tools...)
	t.Cleanup(s.kill)
	return s
}

func (s *toolServer) url() string { return "http://" + s.addr + "/mcp" }

// start starts the server, again at the address that it had.
func (s *toolServer) start(tools ...string) {
	s.server = mcp.NewServer(&mcp.Implementation{Name: s.name, Version: "1"}, nil)
	for _, tool := range tools {
		s.addTool(tool)
	}
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.addr = l.Addr().String()
	server := s.server
	s.http = &httptest.Server{Listener: l, Config: &http.Server{Handler: mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, &s.opts)}}
	s.http.Start()
}

func (s *toolServer) addTool(tool string) {
	mcp.AddTool(s.server, &mcp.Tool{Name: tool}, func(context.Context, *mcp.CallToolRequest, noArgs) (*mcp.CallToolResult, any, error) {
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: s.name + "/" + tool}}}, nil, nil
	})
}

// kill ends the server in the middle of whatever it does.
func (s *toolServer) kill() {
	if s.http == nil {
		return
	}
	s.http.Listener.Close()
	s.http.CloseClientConnections()
	s.http.Close()
	s.http = nil
}

func toolNames(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("tool%d", i)
	}
	return out
}

func newGroup(t *testing.T, rt *Runtime, o *GroupOptions) *Group {
	g := rt.NewGroup(o)
	t.Cleanup(func() { _ = g.Close() })
	return g
}

func add(t *testing.T, g *Group, name, url string, o *AddOptions) {
	t.Helper()
	if _, err := g.Add(t.Context(), name, url, o); err != nil {
		t.Fatalf("Add %s: %v", name, err)
	}
}

// groupNames returns the names of the group's tools, sorted.
func groupNames(t *testing.T, g *Group) []string {
	t.Helper()
	tools, err := g.ListTools(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(tools))
	for i, tool := range tools {
		names[i] = tool.Name
		if tool.Tool == nil || !strings.HasSuffix(tool.Name, tool.Tool.Name) || len(tool.Raw) == 0 {
			t.Errorf("%+v", tool)
		}
	}
	slices.Sort(names)
	return names
}

func wantNames(t *testing.T, g *Group, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := groupNames(t, g); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func groupText(ctx context.Context, g *Group, name string) (string, error) {
	res, err := g.CallTool(ctx, &mcp.CallToolParams{Name: name})
	if err != nil {
		return "", err
	}
	return res.Content[0].(*mcp.TextContent).Text, nil
}

// Of three servers with 30 tools each one is killed and comes back.
func TestGroupOutlivesAServer(t *testing.T) {
	rt := openRuntime(t)
	for _, line := range lines {
		t.Run(line.name, func(t *testing.T) {
			changed := make(chan string, 100)
			g := newGroup(t, rt, &GroupOptions{
				Connect: ConnectOptions{ProtocolVersion: line.version},
				Events:  func(server string) Events { return Events{ToolsChanged: func() { changed <- server }} },
			})
			servers := map[string]*toolServer{}
			var all, others []string
			for _, name := range []string{"a", "b", "c"} {
				servers[name] = startTools(t, name, line.opts, toolNames(30)...)
				add(t, g, name, servers[name].url(), nil)
				if got := <-changed; got != name {
					t.Errorf("the tools of %s changed", got)
				}
				for _, tool := range toolNames(30) {
					all = append(all, name+"__"+tool)
					if name != "b" {
						others = append(others, name+"__"+tool)
					}
				}
			}
			wantNames(t, g, all...)
			for _, name := range all {
				if got, err := groupText(t.Context(), g, name); err != nil || got != strings.Replace(name, "__", "/", 1) {
					t.Fatalf("%s: %s, %v", name, got, err)
				}
			}

			// Calls to the other two go on all the while.
			var busy sync.WaitGroup
			var calls atomic.Int64
			stop := make(chan struct{})
			for _, name := range []string{"a", "c"} {
				busy.Go(func() {
					for i := 0; ; i = (i + 1) % 30 {
						select {
						case <-stop:
							return
						default:
						}
						if got, err := groupText(t.Context(), g, fmt.Sprintf("%s__tool%d", name, i)); err != nil || got != fmt.Sprintf("%s/tool%d", name, i) {
							t.Errorf("%s: %s, %v", name, got, err)
						}
						calls.Add(1)
					}
				})
			}
			servers["b"].kill()
			if _, err := groupText(t.Context(), g, "b__tool1"); !errors.Is(err, &Error{Code: CodeHTTPNetwork}) {
				t.Errorf("a call of the dead server: %v", err)
			}
			if got := <-changed; got != "b" {
				t.Errorf("the tools of %s changed", got)
			}
			wantNames(t, g, others...)
			if b, ok := g.Server("b"); !ok || b.State != StateLost || b.Err == nil {
				t.Errorf("%+v", b)
			}
			if err := g.Reconnect(t.Context(), "b"); !errors.Is(err, &Error{Code: CodeHTTPNetwork}) {
				t.Errorf("Reconnect while it is dead: %v", err)
			}

			servers["b"].start(append(toolNames(29), "fresh")...)
			if err := g.Reconnect(t.Context(), "b"); err != nil {
				t.Fatalf("Reconnect: %v", err)
			}
			if got := <-changed; got != "b" {
				t.Errorf("the tools of %s changed", got)
			}
			now := append(slices.Clone(others), "b__fresh")
			for _, tool := range toolNames(29) {
				now = append(now, "b__"+tool)
			}
			wantNames(t, g, now...)
			if got, err := groupText(t.Context(), g, "b__fresh"); err != nil || got != "b/fresh" {
				t.Errorf("b__fresh: %s, %v", got, err)
			}
			if _, err := groupText(t.Context(), g, "b__tool29"); !errors.Is(err, &Error{Code: CodeLocalBadArgument}) {
				t.Errorf("a tool that is gone: %v", err)
			}
			for before := calls.Load(); calls.Load() < before+10; {
				if _, err := groupText(t.Context(), g, "b__tool0"); err != nil {
					t.Error(err)
				}
			}
			close(stop)
			busy.Wait()
		})
	}
}

// What GroupOptions.Connect says holds for every server, but for what belongs to one.
func TestGroupConnectOptions(t *testing.T) {
	given := ConnectOptions{
		ClientInfo: &mcp.Implementation{}, ProtocolVersion: "2025-11-25", CacheMode: CacheBypass, LogLevel: "info",
		Handlers:     Handlers{Elicit: func(context.Context, *mcp.ElicitParams) (*mcp.ElicitResult, error) { return nil, nil }},
		Capabilities: &mcp.ClientCapabilities{}, ValidateOutput: ValidateAlways,
		//lint:ignore SA1019 see ConnectOptions.Roots
		Roots:     []*mcp.Root{},
		Reconnect: Reconnect{Attempts: 1}, KeepAlive: time.Second,
	}
	own := []string{"Headers", "Token", "Auth", "Policy", "Events", "group"}
	g := &Group{opts: GroupOptions{Connect: given}}
	merged := reflect.ValueOf(*g.connectOptions("a", new(ConnectOptions)))
	for i, field := range reflect.VisibleFields(merged.Type()) {
		switch set := !reflect.ValueOf(given).Field(i).IsZero(); {
		case slices.Contains(own, field.Name):
		case !set:
			t.Errorf("%s is missing here", field.Name)
		case merged.Field(i).IsZero():
			t.Errorf("%s does not reach the servers", field.Name)
		}
	}
}

// A server that is lost stays so while its session tries to get its connection
// back: what it had is listed again when that has come about, and not before.
func TestGroupLostWhileReconnecting(t *testing.T) {
	rt := openRuntime(t)
	for _, line := range lines {
		t.Run(line.name, func(t *testing.T) {
			var mu sync.Mutex
			var states []SessionState
			g := newGroup(t, rt, &GroupOptions{
				Connect: ConnectOptions{ProtocolVersion: line.version, Reconnect: Reconnect{Attempts: 2, FirstDelay: time.Millisecond, MaxDelay: time.Millisecond}},
				Events: func(server string) Events {
					return Events{State: func(c StateChange) {
						if server == "b" {
							mu.Lock()
							defer mu.Unlock()
							states = append(states, c.State)
						}
					}}
				},
			})
			a, b := startTools(t, "a", line.opts, "x"), startTools(t, "b", line.opts, "x")
			add(t, g, "a", a.url(), nil)
			add(t, g, "b", b.url(), nil)
			b.kill()
			if _, err := groupText(t.Context(), g, "b__x"); !errors.Is(err, &Error{Code: CodeHTTPNetwork}) {
				t.Errorf("a call of the dead server: %v", err)
			}
			eventually(t, "it is lost", func() bool {
				s, _ := g.Server("b")
				return s.State == StateLost
			})
			tries := make(chan struct{}, 100)
			member, _ := g.Server("b")
			defer member.Session.On(Events{State: func(c StateChange) { // called after the group's own
				if c.State == StateReconnecting {
					tries <- struct{}{}
				}
			}})()
			eventually(t, "its session has tried", func() bool {
				if _, err := groupText(t.Context(), g, "b__x"); !errors.Is(err, &Error{Code: CodeHTTPNetwork}) {
					t.Errorf("another call: %v", err)
				}
				if s, _ := g.Server("b"); s.State != StateLost {
					t.Errorf("it is %s", s.State)
				}
				wantNames(t, g, "a__x")
				return len(tries) >= 3
			})
			b.start("x")
			eventually(t, "it is listed again", func() bool { return slices.Equal(groupNames(t, g), []string{"a__x", "b__x"}) })
			mu.Lock()
			defer mu.Unlock()
			lost := slices.Index(states, StateLost)
			if lost < 0 || slices.Contains(states[lost:], StateReconnecting) {
				t.Errorf("the states of b are %v", states)
			}
		})
	}
}

func TestGroupServerThatIsDown(t *testing.T) {
	rt := openRuntime(t)
	s := startTools(t, "s", mcp.StreamableHTTPOptions{Stateless: true}, "x")
	s.kill()
	ready := make(chan struct{}, 10)
	g := newGroup(t, rt, &GroupOptions{Events: func(string) Events {
		return Events{ToolsChanged: func() { ready <- struct{}{} }}
	}})
	if _, err := g.Add(t.Context(), "s", s.url(), nil); !errors.Is(err, &Error{Code: CodeHTTPNetwork}) || len(g.Servers()) != 0 {
		t.Errorf("Add: %v, %v", err, g.Servers())
	}
	if _, err := g.Add(t.Context(), "t", "nowhere", &AddOptions{AllowDown: true}); !errors.Is(err, &Error{Code: CodeLocalBadURL}) {
		t.Errorf("Add with no URL: %v", err)
	}
	down, err := g.Add(t.Context(), "s", s.url(), &AddOptions{AllowDown: true})
	if err != nil || down.State != StateLost || down.Err == nil || down.Session != nil {
		t.Fatalf("%+v, %v", down, err)
	}
	s.start("x")
	wantNames(t, g) // it is tried again
	<-ready
	wantNames(t, g, "s__x")
}

func TestGroupCollisions(t *testing.T) {
	rt := openRuntime(t)
	a := startTools(t, "a", mcp.StreamableHTTPOptions{}, "x", "y")
	b := startTools(t, "b", mcp.StreamableHTTPOptions{}, "y", "z")
	told := make(chan GroupCollision, 10)
	changed := make(chan string, 10)
	g := newGroup(t, rt, &GroupOptions{
		Naming:    func(name, _ string) string { return name },
		Collision: func(c GroupCollision) { told <- c },
		Events:    func(server string) Events { return Events{ToolsChanged: func() { changed <- server }} },
	})
	add(t, g, "a", a.url(), nil)
	<-changed
	_, err := g.Add(t.Context(), "b", b.url(), nil)
	if !errors.Is(err, &Error{Code: CodeLocalBadArgument}) || !strings.Contains(err.Error(), "y of the server a") {
		t.Errorf("Add: %v", err)
	}
	wantNames(t, g, "x", "y")
	add(t, g, "b", b.url(), &AddOptions{AllowDown: true})
	want := GroupCollision{Kind: "tools", Name: "y", Server: "b", Holder: "a"}
	if got := <-told; got != want {
		t.Errorf("told %+v, want %+v", got, want)
	}
	<-changed
	wantNames(t, g, "x", "y", "z")

	// The lists are followed, and who had a name keeps it.
	a.addTool("z")
	if got := <-changed; got != "a" {
		t.Errorf("the tools of %s changed", got)
	}
	want = GroupCollision{Kind: "tools", Name: "z", Server: "a", Holder: "b"}
	if got := <-told; got != want {
		t.Errorf("told %+v, want %+v", got, want)
	}
	if got, err := groupText(t.Context(), g, "z"); err != nil || got != "b/z" {
		t.Errorf("z: %s, %v", got, err)
	}
	if err := g.Remove("a"); err != nil {
		t.Errorf("Remove: %v", err)
	}
	if got, err := groupText(t.Context(), g, "y"); err != nil || got != "b/y" {
		t.Errorf("y: %s, %v", got, err)
	}
	if s, ok := g.Server("b"); !ok || len(s.Collisions) != 0 {
		t.Errorf("%+v", s)
	}
}

func TestGroupSaysWhichServer(t *testing.T) {
	rt := openRuntime(t)
	url := serveMCP(t, newTestServer(), nil)
	var mu sync.Mutex
	var heard []string
	hear := func(format string, values ...any) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, fmt.Sprintf(format, values...))
	}
	g := newGroup(t, rt, &GroupOptions{Connect: ConnectOptions{Handlers: Handlers{
		Elicit: func(ctx context.Context, p *mcp.ElicitParams) (*mcp.ElicitResult, error) {
			ask, _ := AskFromContext(ctx)
			hear("%s: %s", ask.Server, p.Message)
			return &mcp.ElicitResult{Action: "accept", Content: map[string]any{"name": "Ada"}}, nil
		},
	}}})
	add(t, g, "one", url, nil)
	add(t, g, "two", url, nil)
	if got, err := groupText(t.Context(), g, "two__ask"); err != nil || got != "accept Ada" {
		t.Errorf("ask: %s, %v", got, err)
	}
	steps := 0
	ctx := WithCallOptions(t.Context(), CallOptions{OnProgress: func(*mcp.ProgressNotificationParams) { steps++ }})
	if _, err := g.CallTool(ctx, &mcp.CallToolParams{Name: "one__slow", Arguments: slowArgs{3}}); err != nil || steps != 3 {
		t.Errorf("slow: %d steps, %v", steps, err)
	}
	if raw, err := g.CallToolRaw(t.Context(), &mcp.CallToolParams{Name: "one__add", Arguments: addArgs{2, 3}}); err != nil || !strings.Contains(string(raw), `"sum":5`) {
		t.Errorf("add: %s, %v", raw, err)
	}
	if want := []string{"two: your name?"}; !slices.Equal(heard, want) {
		t.Errorf("heard %v, want %v", heard, want)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, err := range map[Code]error{
		CodeLocalCancelled:   func() error { _, err := groupText(cancelled, g, "one__add"); return err }(),
		CodeLocalBadArgument: func() error { _, err := groupText(t.Context(), g, "nosuch"); return err }(),
	} {
		if !errors.Is(err, &Error{Code: name}) {
			t.Errorf("got %v, want %s", err, name)
		}
	}
	if err := errors.Join(g.Close(), g.Close()); err != nil {
		t.Errorf("Close: %v", err)
	}
	if _, err := g.ListTools(t.Context()); !errors.Is(err, &Error{Code: CodeLocalClosed}) {
		t.Errorf("after Close: %v", err)
	}
}

// Prompts are named as tools are; URIs stay as they are, and lead to the server
// that has them.
func TestGroupPromptsAndResources(t *testing.T) {
	rt := openRuntime(t)
	serveFiles := func(name string, uris ...string) string {
		s := mcp.NewServer(&mcp.Implementation{Name: name, Version: "1"}, nil)
		s.AddPrompt(&mcp.Prompt{Name: "greet"}, func(context.Context, *mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			return &mcp.GetPromptResult{Description: name, Messages: []*mcp.PromptMessage{}}, nil
		})
		read := func(_ context.Context, req *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
			return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{{URI: req.Params.URI, Text: name}}}, nil
		}
		for _, uri := range uris {
			s.AddResource(&mcp.Resource{URI: uri, Name: uri}, read)
		}
		s.AddResourceTemplate(&mcp.ResourceTemplate{URITemplate: name + "://{path}", Name: "all"}, read)
		return serveMCP(t, s, &mcp.StreamableHTTPOptions{Stateless: true})
	}
	g := newGroup(t, rt, nil)
	add(t, g, "a", serveFiles("a", "file:///a", "file:///both"), nil)
	add(t, g, "b", serveFiles("b", "file:///b", "file:///both"), nil)

	prompts, err := g.ListPrompts(t.Context())
	if err != nil || len(prompts) != 2 || prompts[1].Name != "b__greet" || prompts[1].Server != "b" || prompts[1].Prompt.Name != "greet" {
		t.Errorf("prompts %+v, %v", prompts, err)
	}
	if res, err := g.GetPrompt(t.Context(), &mcp.GetPromptParams{Name: "b__greet"}); err != nil || res.Description != "b" {
		t.Errorf("b__greet: %+v, %v", res, err)
	}
	resources, err := g.ListResources(t.Context())
	if err != nil || len(resources) != 4 || resources[2].Server != "b" || resources[2].Resource.URI != resources[2].URI {
		t.Errorf("resources %+v, %v", resources, err)
	}
	templates, err := g.ListResourceTemplates(t.Context())
	if err != nil || len(templates) != 2 || templates[1].URITemplate != "b://{path}" || templates[1].ResourceTemplate == nil {
		t.Errorf("templates %+v, %v", templates, err)
	}
	for uri, want := range map[string]string{"file:///a": "a", "file:///b": "b", "b://x": "b"} {
		if res, err := g.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: uri}); err != nil || res.Contents[0].Text != want {
			t.Errorf("%s: %+v, %v", uri, res, err)
		}
	}
	for _, uri := range []string{"file:///both", "file:///none"} {
		if _, err := g.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: uri}); !errors.Is(err, &Error{Code: CodeLocalBadArgument}) {
			t.Errorf("%s: %v", uri, err)
		}
	}
	if a, _ := g.Server("a"); len(a.Collisions) != 0 {
		t.Errorf("collisions %+v", a.Collisions)
	}
}
