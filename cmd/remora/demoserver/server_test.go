package demoserver_test

import (
	"bytes"
	"context"
	"image/png"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/remora-mcp/remora/cmd/remora/demoserver"
)

// args are the arguments of a tool.
type args = map[string]any

// revisions are the newest of each protocol line.
var revisions = []string{"2025-11-25", "2026-07-28"}

// start runs a server for the test's time and returns its URL.
func start(t *testing.T) string {
	t.Helper()
	s, err := demoserver.Start("127.0.0.1:0", "1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if err := s.Wait(); err != nil {
			t.Errorf("wait: %v", err)
		}
	})
	return s.URL()
}

// connect opens a session of exactly the given revision.
func connect(t *testing.T, url, revision string, opts *mcp.ClientOptions) *mcp.ClientSession {
	t.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "0"}, opts)
	session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{Endpoint: url},
		&mcp.ClientSessionOptions{ProtocolVersion: revision})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	if got := session.InitializeResult().ProtocolVersion; got != revision {
		t.Fatalf("agreed on %s, want %s", got, revision)
	}
	return session
}

// textOf returns the text of a result's only block.
func textOf(t *testing.T, r *mcp.CallToolResult) string {
	t.Helper()
	if len(r.Content) != 1 {
		t.Fatalf("got %d content blocks, want 1", len(r.Content))
	}
	block, ok := r.Content[0].(*mcp.TextContent)
	if !ok {
		t.Fatalf("got a %T, want text", r.Content[0])
	}
	return block.Text
}

func TestTools(t *testing.T) {
	url := start(t)
	tests := []struct {
		name    string
		tool    string
		args    args
		want    string // the text, or a part of it where isError
		isError bool
	}{
		{"echo", "echo", args{"message": "héllo\n"}, "héllo\n", false},
		{"echo nothing", "echo", args{}, "message", true},
		{"echo a number", "echo", args{"message": 1}, "message", true},
		{"echo too much", "echo", args{"message": "x", "other": 1}, "other", true},
		{"add", "add", args{"a": 1.5, "b": 2}, "3.5", false},
		{"add words", "add", args{"a": "1", "b": 2}, "/properties/a", true},
		{"slow", "slow", args{"steps": 2, "delayMs": 0}, "done after 2 steps", false},
		{"slow by default", "slow", args{"delayMs": 1}, "done after 5 steps", false},
		{"slow without steps", "slow", args{"steps": 0}, "minimum", true},
		{"slow for ever", "slow", args{"steps": demoserver.MaxSteps + 1}, "maximum", true},
		{"slow and slower", "slow", args{"delayMs": demoserver.MaxDelayMs + 1}, "maximum", true},
		{"ask nothing", "ask", args{"question": ""}, "minLength", true},
		{"ask without the capability", "ask", args{"question": "Who?"}, "elicitation", true},
		{"big", "big", args{"bytes": 66}, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_ab", false},
		{"big and empty", "big", args{"bytes": 0}, "", false},
		{"big, less than nothing", "big", args{"bytes": -1}, "minimum", true},
		{"too big", "big", args{"bytes": demoserver.MaxBigBytes + 1}, "maximum", true},
		{"fail", "fail", args{}, "this tool always fails", true},
		{"picture in no colour", "picture", args{"colour": "mauve"}, "enum", true},
		{"picture too large", "picture", args{"size": demoserver.MaxPictureSize + 1}, "maximum", true},
	}
	for _, revision := range revisions {
		t.Run(revision, func(t *testing.T) {
			session := connect(t, url, revision, nil)
			for _, test := range tests {
				t.Run(test.name, func(t *testing.T) {
					got, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: test.tool, Arguments: test.args})
					if err != nil {
						t.Fatal(err)
					}
					if got.IsError != test.isError {
						t.Errorf("isError = %v, want %v", got.IsError, test.isError)
					}
					text := textOf(t, got)
					if test.isError && !strings.Contains(text, test.want) || !test.isError && text != test.want {
						t.Errorf("got %q, want %q", text, test.want)
					}
				})
			}
		})
	}
}

func TestAddIsStructured(t *testing.T) {
	session := connect(t, start(t), "2026-07-28", nil)
	got, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "add", Arguments: map[string]any{"a": 2, "b": 3}})
	if err != nil {
		t.Fatal(err)
	}
	structured, _ := got.StructuredContent.(map[string]any)
	if structured["sum"] != 5.0 {
		t.Errorf("structured content = %v, want sum 5", got.StructuredContent)
	}
}

func TestPicture(t *testing.T) {
	session := connect(t, start(t), "2026-07-28", nil)
	pictures := map[string]bool{}
	for _, colour := range []string{"blue", "green", "orange"} {
		got, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "picture", Arguments: args{"colour": colour, "size": 48}})
		if err != nil {
			t.Fatal(err)
		}
		block, ok := got.Content[0].(*mcp.ImageContent)
		if !ok || block.MIMEType != "image/png" {
			t.Fatalf("%s: got %T, want an image/png", colour, got.Content[0])
		}
		config, err := png.DecodeConfig(bytes.NewReader(block.Data))
		if err != nil || config.Width != 48 || config.Height != 48 {
			t.Errorf("%s: %d by %d, %v, want 48 by 48", colour, config.Width, config.Height, err)
		}
		pictures[string(block.Data)] = true
	}
	if len(pictures) != 3 {
		t.Errorf("%d different pictures of 3 colours", len(pictures))
	}
}

func TestListTools(t *testing.T) {
	url := start(t)
	for _, revision := range revisions {
		session := connect(t, url, revision, nil)
		var names []string
		for tool, err := range session.Tools(t.Context(), nil) {
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, tool.Name)
		}
		if got, want := strings.Join(names, " "), "add ask big echo fail picture slow"; got != want {
			t.Errorf("%s: got %q, want %q", revision, got, want)
		}
	}
}

func TestAsk(t *testing.T) {
	url := start(t)
	tests := []struct {
		name   string
		answer *mcp.ElicitResult
		want   string
	}{
		{"accept", &mcp.ElicitResult{Action: "accept", Content: map[string]any{"answer": "blue"}}, "the answer is: blue"},
		{"decline", &mcp.ElicitResult{Action: "decline"}, "no answer: decline"},
		{"cancel", &mcp.ElicitResult{Action: "cancel"}, "no answer: cancel"},
	}
	for _, revision := range revisions {
		for _, test := range tests {
			t.Run(revision+"/"+test.name, func(t *testing.T) {
				var question string
				session := connect(t, url, revision, &mcp.ClientOptions{
					ElicitationHandler: func(_ context.Context, req *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
						question = req.Params.Message
						return test.answer, nil
					},
				})
				got, err := session.CallTool(t.Context(), &mcp.CallToolParams{
					Name: "ask", Arguments: map[string]any{"question": "Which colour?"}})
				if err != nil {
					t.Fatal(err)
				}
				if text := textOf(t, got); text != test.want {
					t.Errorf("got %q, want %q", text, test.want)
				}
				if question != "Which colour?" {
					t.Errorf("the person was asked %q", question)
				}
			})
		}
	}
}

func TestSlowReportsProgress(t *testing.T) {
	url := start(t)
	for _, revision := range revisions {
		t.Run(revision, func(t *testing.T) {
			events := make(chan float64, 3)
			session := connect(t, url, revision, &mcp.ClientOptions{
				ProgressNotificationHandler: func(_ context.Context, req *mcp.ProgressNotificationClientRequest) {
					events <- req.Params.Progress
				},
			})
			params := &mcp.CallToolParams{Name: "slow", Arguments: map[string]any{"steps": 3, "delayMs": 0}}
			params.SetProgressToken("p")
			if _, err := session.CallTool(t.Context(), params); err != nil {
				t.Fatal(err)
			}
			for want := 1.0; want <= 3; want++ {
				if got := <-events; got != want {
					t.Errorf("got progress %v, want %v", got, want)
				}
			}
		})
	}
}

// TestSlowEnds holds that a call stops when its client cancels it, and when the
// server closes, long before its steps are over.
func TestSlowEnds(t *testing.T) {
	for _, revision := range revisions {
		for _, how := range []string{"cancelled", "server closes"} {
			t.Run(revision+"/"+how, func(t *testing.T) {
				server, err := demoserver.Start("127.0.0.1:0", "1.2.3")
				if err != nil {
					t.Fatal(err)
				}
				defer server.Close()
				started := make(chan struct{}, demoserver.MaxSteps)
				session := connect(t, server.URL(), revision, &mcp.ClientOptions{
					ProgressNotificationHandler: func(context.Context, *mcp.ProgressNotificationClientRequest) {
						started <- struct{}{}
					},
				})
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					params := &mcp.CallToolParams{Name: "slow", Arguments: map[string]any{"steps": demoserver.MaxSteps, "delayMs": 50}}
					params.SetProgressToken("p")
					if result, err := session.CallTool(ctx, params); err == nil && !result.IsError {
						t.Error("the call succeeded")
					}
				}()
				<-started
				if how == "cancelled" {
					cancel()
				} else if err := server.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
				select {
				case <-ended:
				case <-time.After(30 * time.Second):
					t.Fatal("the call goes on")
				}
			})
		}
	}
}

func TestCORS(t *testing.T) {
	url := start(t)
	preflight, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	preflight.Header.Set("Origin", "https://app.example")
	preflight.Header.Set("Access-Control-Request-Method", "POST")
	preflight.Header.Set("Access-Control-Request-Headers", "content-type,mcp-method,mcp-name,mcp-param-region,mcp-protocol-version")
	answer, err := http.DefaultClient.Do(preflight)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if got := answer.Header.Get("Access-Control-Allow-Origin"); got != "*" {
		t.Errorf("allow-origin = %q, want *", got)
	}
	if got := answer.Header.Get("Access-Control-Allow-Headers"); !strings.Contains(got, "mcp-param-region") {
		t.Errorf("allow-headers = %q, want the ones asked for", got)
	}

	post, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	post.Header.Set("Origin", "https://app.example")
	answer, err = http.DefaultClient.Do(post)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	exposed := strings.ToLower(answer.Header.Get("Access-Control-Expose-Headers"))
	for _, want := range []string{"mcp-session-id", "www-authenticate"} {
		if !strings.Contains(exposed, want) {
			t.Errorf("expose-headers = %q, want %s in it", exposed, want)
		}
	}
}

func TestOtherPathsAreNotFound(t *testing.T) {
	url := start(t)
	answer, err := http.Get(strings.TrimSuffix(url, demoserver.Path) + "/other")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusNotFound {
		t.Errorf("got %s, want 404", answer.Status)
	}
}

func TestStartRefusesBadAddresses(t *testing.T) {
	for _, addr := range []string{"", "nonsense", "127.0.0.1", "127.0.0.1:99999", "256.0.0.1:0"} {
		s, err := demoserver.Start(addr, "0")
		if err == nil {
			t.Errorf("%q was accepted as %s", addr, s.URL())
			_ = s.Close()
		} else if !strings.Contains(err.Error(), "cannot listen on") {
			t.Errorf("%q: %v", addr, err)
		}
	}
}
