package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// asking makes a session whose server asks one question in the middle of each
// tool call, and answers the call with what it was told: the reply's header and
// payload. Header and parameters of the question come from ask.
func asking(t *testing.T, o *ConnectOptions, ask func(h *wire.Ask) (params string)) *Session {
	var caller, asked uint32
	rt := fakeRuntime(t, Options{}, func(_ int, g *fakeGuest) {
		g.script = sound(func(g *fakeGuest, f wire.Frame) ([]wire.Frame, bool) {
			if f.Kind == wire.KindReply {
				return []wire.Frame{frameOf(wire.KindDone, caller, nil, fmt.Sprintf(`{"header":%s,"answer":%s}`, orNull(f.Header), orNull(f.Payload)))}, true
			}
			h, ok := onCommand(g.t, f, "callTool")
			if !ok {
				return nil, false
			}
			caller = f.ID
			asked++
			header := wire.Ask{Session: h.Session, Origin: "https://mcp.example", Call: f.ID}
			params := ask(&header)
			return []wire.Frame{frameOf(wire.KindAsk, asked, header, params)}, true
		})
	})
	return connect(t, rt, serverURL, o)
}

func orNull(b []byte) []byte {
	if len(b) == 0 {
		return []byte("null")
	}
	return b
}

type reply struct {
	Header *wire.Reply
	Answer json.RawMessage
}

func callForReply(t *testing.T, ctx context.Context, s *Session) reply {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, testTimeout)
	defer cancel()
	raw, err := s.CallToolRaw(ctx, &mcp.CallToolParams{Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	var r reply
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestElicitReplies(t *testing.T) {
	type ctxKey struct{}
	for _, tt := range []struct {
		name    string
		params  string
		handler func(context.Context, *mcp.ElicitParams) (*mcp.ElicitResult, error)
		answer  string
		code    Code
	}{
		{"accept", `{"message":"m","requestedSchema":{}}`, func(ctx context.Context, p *mcp.ElicitParams) (*mcp.ElicitResult, error) {
			if p.Message != "m" || p.Mode != "form" {
				return nil, fmt.Errorf("got %+v", p)
			}
			if ask, _ := AskFromContext(ctx); ask != (Ask{Kind: "elicit", Origin: "https://mcp.example"}) {
				return nil, fmt.Errorf("got %+v", ask)
			}
			if ctx.Value(ctxKey{}) != "of the call" {
				return nil, errors.New("the call's values are not there")
			}
			return &mcp.ElicitResult{Action: "accept", Content: map[string]any{"a": "<b>"}}, nil
		}, `{"action":"accept","content":{"a":"<b>"}}`, ""},
		{"accept nothing", `{"message":"m"}`, func(context.Context, *mcp.ElicitParams) (*mcp.ElicitResult, error) {
			return &mcp.ElicitResult{Action: "accept"}, nil
		}, `{"action":"accept","content":{}}`, ""},
		{"a URL has no content", `{"mode":"url","url":"https://x.example/","message":"m"}`, func(context.Context, *mcp.ElicitParams) (*mcp.ElicitResult, error) {
			return &mcp.ElicitResult{Action: "accept"}, nil
		}, `{"action":"accept"}`, ""},
		{"decline", `{"message":"m"}`, func(context.Context, *mcp.ElicitParams) (*mcp.ElicitResult, error) {
			return &mcp.ElicitResult{Action: "decline", Content: map[string]any{"secret": 1}}, nil
		}, `{"action":"decline"}`, ""},
		{"bad action", `{"message":"m"}`, func(context.Context, *mcp.ElicitParams) (*mcp.ElicitResult, error) {
			return &mcp.ElicitResult{Action: "maybe"}, nil
		}, "", CodeLocalBadArgument},
		{"nothing", `{"message":"m"}`, func(context.Context, *mcp.ElicitParams) (*mcp.ElicitResult, error) {
			return nil, nil
		}, "", CodeLocalBadArgument},
		{"cannot be encoded", `{"message":"m"}`, func(context.Context, *mcp.ElicitParams) (*mcp.ElicitResult, error) {
			return &mcp.ElicitResult{Action: "accept", Content: map[string]any{"f": func() {}}}, nil
		}, "", CodeLocalBadArgument},
		{"an error", `{"message":"m"}`, func(context.Context, *mcp.ElicitParams) (*mcp.ElicitResult, error) {
			return nil, errors.New("password 1234")
		}, "", CodeLocalBadArgument},
		{"an error of ours", `{"message":"m"}`, func(context.Context, *mcp.ElicitParams) (*mcp.ElicitResult, error) {
			return nil, &Error{Code: CodeLocalUnsupported, Message: "no"}
		}, "", CodeLocalUnsupported},
		{"a panic", `{"message":"m"}`, func(context.Context, *mcp.ElicitParams) (*mcp.ElicitResult, error) {
			panic("password 1234")
		}, "", CodeLocalBadArgument},
		{"cannot be decoded", `{"message":1}`, func(context.Context, *mcp.ElicitParams) (*mcp.ElicitResult, error) {
			return &mcp.ElicitResult{Action: "accept"}, nil
		}, "", CodeLocalUnsupported},
		{"no handler", `{"message":"m"}`, nil, "", CodePolicyHandlerMissing},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := asking(t, &ConnectOptions{Handlers: Handlers{Elicit: tt.handler}}, func(h *wire.Ask) string {
				h.Kind = "elicit"
				return tt.params
			})
			r := callForReply(t, context.WithValue(t.Context(), ctxKey{}, "of the call"), s)
			if tt.code == "" {
				if r.Header != nil || string(r.Answer) != tt.answer {
					t.Errorf("got %+v %s, want %s", r.Header, r.Answer, tt.answer)
				}
				return
			}
			if r.Header == nil || r.Header.Error == nil || r.Header.Error.Code != tt.code || string(r.Answer) != "null" {
				t.Fatalf("got %+v %s, want %s", r.Header, r.Answer, tt.code)
			}
			if strings.Contains(r.Header.Error.Message, "1234") {
				t.Errorf("what the handler said crossed: %s", r.Header.Error.Message)
			}
		})
	}
}

func TestSampleReplies(t *testing.T) {
	const question = `{"messages":[{"role":"user","content":{"type":"text","text":"hi"}}],"maxTokens":5}`
	for _, tt := range []struct {
		name, params string
		//lint:ignore SA1019 see Handlers.Sample
		result *mcp.CreateMessageResult
		answer string
		code   Code
	}{
		{
			"answered", question,
			//lint:ignore SA1019 see Handlers.Sample
			&mcp.CreateMessageResult{Content: &mcp.TextContent{Text: "hello"}, Model: "m", StopReason: "endTurn"},
			`{"role":"assistant","content":{"type":"text","text":"hello"},"model":"m","stopReason":"endTurn"}`, "",
		},
		{"nothing", question, nil, "", CodeLocalBadArgument},
		//lint:ignore SA1019 see Handlers.Sample
		{"no content", question, &mcp.CreateMessageResult{Model: "m"}, "", CodeLocalBadArgument},
		//lint:ignore SA1019 see Handlers.Sample
		{"cannot be decoded", `{"messages":[{"content":{"type":"hologram"}}]}`, &mcp.CreateMessageResult{}, "", CodeLocalUnsupported},
	} {
		t.Run(tt.name, func(t *testing.T) {
			//lint:ignore SA1019 see Handlers.Sample
			handler := func(_ context.Context, p *mcp.CreateMessageParams) (*mcp.CreateMessageResult, error) {
				if p.MaxTokens != 5 || len(p.Messages) != 1 {
					t.Errorf("asked %+v", p)
				}
				return tt.result, nil
			}
			s := asking(t, &ConnectOptions{Handlers: Handlers{Sample: handler}}, func(h *wire.Ask) string {
				h.Kind = "sample"
				return tt.params
			})
			r := callForReply(t, t.Context(), s)
			if tt.code == "" && string(r.Answer) != tt.answer {
				t.Errorf("got %s, want %s", r.Answer, tt.answer)
			}
			if tt.code != "" && (r.Header == nil || r.Header.Error.Code != tt.code) {
				t.Errorf("got %+v %s, want %s", r.Header, r.Answer, tt.code)
			}
		})
	}
}

func TestUnknownQuestion(t *testing.T) {
	s := asking(t, nil, func(h *wire.Ask) string { h.Kind = "marry"; return "{}" })
	if r := callForReply(t, t.Context(), s); r.Header == nil || r.Header.Error.Code != CodePolicyHandlerMissing {
		t.Errorf("got %+v", r.Header)
	}
}

func TestQuestionsEnd(t *testing.T) {
	closed, release := make(chan error, 1), make(chan struct{})
	handler := func(ctx context.Context, p *mcp.ElicitParams) (*mcp.ElicitResult, error) {
		<-ctx.Done()
		closed <- ctx.Err()
		if p.Message == "slow to close" {
			<-release
		}
		return nil, ctx.Err()
	}
	isClosed := func(t *testing.T) {
		t.Helper()
		select {
		case <-closed:
		case <-time.After(testTimeout):
			t.Error("the dialog is still open")
		}
	}
	options := &ConnectOptions{Handlers: Handlers{Elicit: handler}}
	t.Run("at their deadline", func(t *testing.T) {
		s := asking(t, options, func(h *wire.Ask) string { h.Kind, h.DeadlineMs = "elicit", 20; return `{"message":"m"}` })
		if r := callForReply(t, t.Context(), s); r.Header == nil || r.Header.Error.Code != CodeLocalTimeout {
			t.Errorf("got %+v", r.Header)
		}
		isClosed(t)
	})
	t.Run("with their call", func(t *testing.T) {
		asked := make(chan struct{})
		s := asking(t, options, func(h *wire.Ask) string { h.Kind = "elicit"; close(asked); return `{"message":"slow to close"}` })
		defer close(release)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-asked
			cancel()
		}()
		if _, err := s.CallToolRaw(ctx, &mcp.CallToolParams{Name: "x"}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		isClosed(t)
	})
	t.Run("with the instance", func(t *testing.T) {
		asked := make(chan struct{})
		s := asking(t, options, func(h *wire.Ask) string {
			h.Kind, h.Call = "elicit", 0
			close(asked)
			return `{"message":"m"}`
		})
		go func() { _, _ = s.CallToolRaw(t.Context(), &mcp.CallToolParams{Name: "x"}) }()
		<-asked
		s.current().d.stop()
		isClosed(t)
	})
}

func TestAskCancelEndsTheHandler(t *testing.T) {
	entered, ended := make(chan struct{}), make(chan struct{})
	var caller uint32
	rt := fakeRuntime(t, Options{}, func(_ int, g *fakeGuest) {
		g.script = sound(func(g *fakeGuest, f wire.Frame) ([]wire.Frame, bool) {
			if f.Kind == wire.KindReply {
				g.t.Error("a reply came after ask.cancel")
			}
			if _, ok := onCommand(g.t, f, "ping"); ok && caller != 0 {
				return []wire.Frame{
					frameOf(wire.KindAskCancel, 9, wire.AskCancel{Reason: "enough"}, ""),
					frameOf(wire.KindDone, caller, nil, "{}"),
					frameOf(wire.KindDone, f.ID, nil, "{}"),
				}, true
			}
			h, ok := onCommand(g.t, f, "callTool")
			if !ok {
				return nil, false
			}
			caller = f.ID
			return []wire.Frame{frameOf(wire.KindAsk, 9, wire.Ask{Kind: "elicit", Session: h.Session, Call: f.ID}, `{"message":"m"}`)}, true
		})
	})
	s := connect(t, rt, serverURL, &ConnectOptions{Handlers: Handlers{
		Elicit: func(ctx context.Context, _ *mcp.ElicitParams) (*mcp.ElicitResult, error) {
			close(entered)
			<-ctx.Done()
			close(ended)
			return &mcp.ElicitResult{Action: "accept"}, nil
		},
	}})
	done := make(chan error)
	go func() {
		_, err := s.CallToolRaw(t.Context(), &mcp.CallToolParams{Name: "x"})
		done <- err
	}()
	<-entered
	if err := s.Ping(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	<-ended
	if err := s.Ping(t.Context(), nil); err != nil { // whatever was queued is handed over
		t.Error(err)
	}
}

// A server of 2025-11-25 asks in mid-call, and gets its answer; without a
// handler it is told that the client cannot.
func TestSamplingWithARealServer(t *testing.T) {
	server := newTestServer()
	mcp.AddTool(server, &mcp.Tool{Name: "write"}, func(ctx context.Context, req *mcp.CallToolRequest, _ noArgs) (*mcp.CallToolResult, any, error) {
		//lint:ignore SA1019 see Handlers.Sample
		res, err := req.Session.CreateMessage(ctx, &mcp.CreateMessageParams{
			MaxTokens: 10,
			//lint:ignore SA1019 see Handlers.Sample
			Messages: []*mcp.SamplingMessage{{Role: "user", Content: &mcp.TextContent{Text: "hi"}}},
		})
		if err != nil {
			return nil, nil, err
		}
		return &mcp.CallToolResult{Content: []mcp.Content{res.Content}}, nil, nil
	})
	url := serve(t, mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil))
	rt := openRuntime(t)
	//lint:ignore SA1019 see Handlers.Sample
	sample := func(_ context.Context, p *mcp.CreateMessageParams) (*mcp.CreateMessageResult, error) {
		said := p.Messages[0].Content.(*mcp.TextContent).Text
		//lint:ignore SA1019 see Handlers.Sample
		return &mcp.CreateMessageResult{Model: "m", Role: "assistant", Content: &mcp.TextContent{Text: said + " yourself"}}, nil
	}
	with := connect(t, rt, url, &ConnectOptions{ProtocolVersion: "2025-11-25", Handlers: Handlers{Sample: sample}})
	res, err := with.CallTool(t.Context(), &mcp.CallToolParams{Name: "write"})
	if err != nil || text(t, res) != "hi yourself" {
		t.Errorf("got %+v, %v", res, err)
	}
	without := connect(t, rt, url, &ConnectOptions{ProtocolVersion: "2025-11-25"})
	res, err = without.CallTool(t.Context(), &mcp.CallToolParams{Name: "write"})
	if err != nil || !res.IsError {
		t.Errorf("without a handler: %+v, %v", res, err)
	}
}
