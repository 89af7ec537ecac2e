package core

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/remora-mcp/remora/internal/wire"
	"github.com/remora-mcp/remora/test/fault"
)

// lines are the protocol lines that every test of a fault runs on.
var lines = []fault.Line{fault.Line2025, fault.Line2026}

// onFaults runs a test on both protocol lines, with a session with a server
// that goes wrong on purpose.
func onFaults(t *testing.T, run func(t *testing.T, e *embedder, f *faulty)) {
	for _, line := range lines {
		t.Run(string(line), func(t *testing.T) {
			t.Parallel()
			e := newEmbedder(t)
			f := &faulty{t: t, e: e, line: line, url: serve(t, fault.New()).URL}
			connected := e.connect(wire.Connect{URL: f.endpoint("mcp"), ProtocolVersion: string(line), Handlers: []string{"elicit", "sample"}})
			f.session = connected.Session
			run(t, e, f)
			if _, err := e.run(wire.Call{Command: "close", Session: f.session}, wire.Close{}); err != nil {
				t.Errorf("close: %v", err)
			}
			eventually(t, "nothing is open", func() bool { return e.core.Open() == 0 })
		})
	}
}

// faulty is a session with a server that goes wrong on purpose.
type faulty struct {
	t       *testing.T
	e       *embedder
	line    fault.Line
	url     string
	session uint32
}

func (f *faulty) endpoint(name string) string { return f.url + fault.Path(f.line, name, "t") }

// tool starts a call.
func (f *faulty) tool(h wire.Call, name, arguments string) (uint32, <-chan wire.Frame) {
	h.Command, h.Session = "callTool", f.session
	return f.e.start(h, wire.CallTool{Name: name, Arguments: json.RawMessage(arguments)})
}

// mustWork fails the test unless the session still works.
func (f *faulty) mustWork() {
	f.t.Helper()
	_, done := f.tool(wire.Call{}, "echo", `{"message":"still here"}`)
	if result, err := f.e.await(done); err != nil || text(f.t, result) != "still here" {
		f.t.Errorf("the next call on the session: %s, %v", result, err)
	}
}

// waitFor waits until the server has counted something.
func (f *faulty) waitFor(counter string, min int) {
	f.t.Helper()
	resp, err := http.Get(fmt.Sprintf("%s/counters?wait=%s&min=%d", f.endpoint("mcp"), counter, min))
	if err != nil {
		f.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK {
		f.t.Fatalf("counter %s did not reach %d: %s", counter, min, body)
	}
}

// count reads one of the server's counters.
func (f *faulty) count(counter string) int {
	f.t.Helper()
	resp, err := http.Get(f.endpoint("mcp") + "/counters")
	if err != nil {
		f.t.Fatal(err)
	}
	defer resp.Body.Close()
	var counters fault.Counters
	if err := json.NewDecoder(resp.Body).Decode(&counters); err != nil {
		f.t.Fatal(err)
	}
	return counters[counter]
}

func TestRawResultReachesTheApplication(t *testing.T) {
	onFaults(t, func(t *testing.T, e *embedder, f *faulty) {
		for _, as := range []string{"json", "sse"} {
			_, done := f.tool(wire.Call{}, "raw", `{"as":"`+as+`"}`)
			if result, err := e.await(done); result != fault.RawResult || err != nil {
				t.Errorf("as %s: %v, got\n%s\nwant\n%s", as, err, result, fault.RawResult)
			}
		}
	})
}

func TestRPCErrorIsVerbatim(t *testing.T) {
	onFaults(t, func(t *testing.T, e *embedder, f *faulty) {
		_, done := f.tool(wire.Call{}, "rpc_error", `{}`)
		_, err := e.await(done)
		if err == nil || err.Code != wire.CodeRPCError || err.RPCCode != fault.RPCErrorCode ||
			err.Message != fault.RPCErrorMessage || string(err.Data) != fault.RPCErrorData || err.Sent != wire.SentYes || err.Retryable {
			t.Errorf("got %+v", err)
		}
		f.mustWork()
	})
}

// A call that ends with its caller's patience or will ends at once; the server
// hears of it and the session lives on.
func TestCallsEndFromOutside(t *testing.T) {
	for _, c := range []struct {
		name   string
		header wire.Call
		cancel bool
		want   wire.Code
		says   string
	}{
		{"cancelled", wire.Call{}, true, wire.CodeLocalCancelled, "cancelled"},
		{"silent too long", wire.Call{TimeoutMs: 50}, false, wire.CodeLocalTimeout, "50ms"},
		{"too long in all", wire.Call{MaxTotalTimeoutMs: 60}, false, wire.CodeLocalTimeout, "60ms"},
	} {
		t.Run(c.name, func(t *testing.T) {
			onFaults(t, func(t *testing.T, e *embedder, f *faulty) {
				id, done := f.tool(c.header, "hang", `{}`)
				f.waitFor("seen.hang", 1)
				if c.cancel {
					e.frame(wire.KindCancel, id, wire.Cancel{Reason: "no longer wanted"}, nil)
				}
				_, err := e.await(done)
				if err == nil || err.Code != c.want || !strings.Contains(err.Message, c.says) || err.Sent != wire.SentUnknown || err.Retryable {
					t.Errorf("got %+v, want %s", err, c.want)
				}
				// The server hears it twice, in either order.
				f.waitFor("method.notifications/cancelled", 1)
				eventually(t, "the server knows", func() bool { return f.count("cancelled.hang")+f.count("left.hang") > 0 })
				f.mustWork()
			})
		})
	}
}

func TestProgressResetsTheTimeout(t *testing.T) {
	server := serve(t, sdkServerSlowly(20, 40*time.Millisecond))
	for _, c := range []struct {
		name   string
		header wire.Call
		want   wire.Code
	}{
		{"by default", wire.Call{Progress: true, TimeoutMs: 400}, ""},
		{"unless told not to", wire.Call{Progress: true, TimeoutMs: 400, KeepTimeoutOnProgress: true}, wire.CodeLocalTimeout},
		{"the total time is not reset", wire.Call{Progress: true, TimeoutMs: 400, MaxTotalTimeoutMs: 450}, wire.CodeLocalTimeout},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := newEmbedder(t)
			c.header.Command, c.header.Session = "callTool", e.connect(wire.Connect{URL: server.URL}).Session
			_, err := e.run(c.header, wire.CallTool{Name: "slowly"})
			var got wire.Code
			if err != nil {
				got = err.Code
			}
			if got != c.want {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestEightCallsAtOnce(t *testing.T) {
	onFaults(t, func(t *testing.T, e *embedder, f *faulty) {
		var done [8]<-chan wire.Frame
		for i := range done {
			_, done[i] = f.tool(wire.Call{}, "barrier", `{"size":8}`)
		}
		for _, d := range done {
			if _, err := e.await(d); err != nil {
				t.Error(err)
			}
		}
	})
}

// A thousand events and the result in one write: each event before the done.
func TestFloodKeepsItsOrder(t *testing.T) {
	onFaults(t, func(t *testing.T, e *embedder, f *faulty) {
		id, done := f.tool(wire.Call{Progress: true}, "flood", `{"events":1000}`)
		if _, err := e.await(done); err != nil {
			t.Fatal(err)
		}
		tells := e.tellsOf("progress")
		if len(tells) != 1000 {
			t.Fatalf("%d events before the done, want 1,000", len(tells))
		}
		for i, tell := range tells {
			var p wire.Progress
			if err := json.Unmarshal([]byte(tell.data), &p); err != nil || p.Progress != float64(i+1) || tell.call != id {
				t.Fatalf("event %d of call %d is %s of call %d", i, id, tell.data, tell.call)
			}
		}
	})
}

// A connection cut in the middle of an answer with side effects.
func TestCutAnswerIsNotRepeated(t *testing.T) {
	onFaults(t, func(t *testing.T, e *embedder, f *faulty) {
		_, done := f.tool(wire.Call{}, "cut", `{}`)
		_, err := e.await(done)
		if err == nil || err.Code != wire.CodeHTTPNetwork || err.Sent != wire.SentUnknown || err.Retryable {
			t.Errorf("got %+v", err)
		}
		if n := f.count("executed.cut"); n != 1 {
			t.Errorf("executed %d times, want once", n)
		}
		f.mustWork()
	})
}

func TestMidCallQuestions(t *testing.T) {
	for _, kind := range []string{"elicit", "sample"} {
		t.Run(kind, func(t *testing.T) {
			onFaults(t, func(t *testing.T, e *embedder, f *faulty) {
				answers := map[string]any{
					"elicit": map[string]any{"action": "accept", "content": map[string]any{"answer": "blue", "name": "blue", "colour": "blue"}},
					"sample": map[string]any{"role": "assistant", "model": "m", "content": map[string]any{"type": "text", "text": "blue"}},
				}
				e.answer = func(h wire.Ask, params []byte) (any, *wire.Error) {
					if h.Kind != kind || h.Session != f.session || h.Call == 0 || !strings.HasPrefix(f.url, h.Origin) {
						t.Errorf("asked %+v", h)
					}
					return answers[h.Kind], nil
				}
				_, done := f.tool(wire.Call{}, kind, `{}`)
				result, err := e.await(done)
				if err != nil || !strings.Contains(result, "blue") {
					t.Errorf("got %s, %v", result, err)
				}
				f.mustWork()
			})
		})
	}
}

// A dialog closes when its call is cancelled.
func TestCancelledCallTakesItsQuestionBack(t *testing.T) {
	onFaults(t, func(t *testing.T, e *embedder, f *faulty) {
		id, done := f.tool(wire.Call{TimeoutMs: 30_000}, "elicit", `{}`)
		eventually(t, "the question", func() bool {
			e.mu.Lock()
			defer e.mu.Unlock()
			return len(e.asked) == 1
		})
		e.frame(wire.KindCancel, id, wire.Cancel{}, nil)
		if _, err := e.await(done); err == nil || err.Code != wire.CodeLocalCancelled {
			t.Errorf("got %v", err)
		}
		eventually(t, "ask.cancel", func() bool {
			e.mu.Lock()
			defer e.mu.Unlock()
			return len(e.taken) == 1
		})
		f.mustWork()
	})
}

// While a person is asked, silence is not the server's.
func TestQuestionStopsTheTimeout(t *testing.T) {
	onFaults(t, func(t *testing.T, e *embedder, f *faulty) {
		e.answer = func(wire.Ask, []byte) (any, *wire.Error) {
			time.Sleep(700 * time.Millisecond) // a person takes longer than the time-out
			return map[string]any{"action": "decline"}, nil
		}
		_, done := f.tool(wire.Call{TimeoutMs: 500}, "elicit", `{}`)
		if _, err := e.await(done); err != nil {
			t.Error(err)
		}
	})
}

func TestHandlerThatFails(t *testing.T) {
	onFaults(t, func(t *testing.T, e *embedder, f *faulty) {
		e.answer = func(wire.Ask, []byte) (any, *wire.Error) {
			return nil, &wire.Error{Code: wire.CodePolicyHandlerMissing, Message: "canary: nobody is there", Sent: wire.SentNo}
		}
		_, done := f.tool(wire.Call{}, "elicit", `{}`)
		result, err := e.await(done)
		if f.line == fault.Line2026 && (err == nil || err.Code != wire.CodePolicyHandlerMissing) {
			t.Errorf("got %s, %v; want %s", result, err, wire.CodePolicyHandlerMissing)
		}
		if strings.Contains(result, "canary") {
			t.Errorf("the server was told what is the application's: %s", result)
		}
		f.mustWork()
	})
}

// An answer that does not fit the form is the application's mistake, and is not
// quoted.
func TestAnswerThatDoesNotFit(t *testing.T) {
	onFaults(t, func(t *testing.T, e *embedder, f *faulty) {
		e.answer = func(wire.Ask, []byte) (any, *wire.Error) {
			return map[string]any{"action": "accept", "content": map[string]any{"name": 4711, "answer": 4711}}, nil
		}
		_, done := f.tool(wire.Call{}, "elicit", `{}`)
		_, err := e.await(done)
		if f.line == fault.Line2026 && (err == nil || err.Code != wire.CodeLocalBadArgument || strings.Contains(err.Message, "4711")) {
			t.Errorf("got %v, want %s", err, wire.CodeLocalBadArgument)
		}
		f.mustWork()
	})
}

// A question that nobody answers says so.
func TestQuestionWithoutAHandler(t *testing.T) {
	e := newEmbedder(t)
	f := &faulty{t: t, e: e, line: fault.Line2026, url: serve(t, fault.New()).URL}
	f.session = e.connect(wire.Connect{URL: f.endpoint("mcp")}).Session
	_, done := f.tool(wire.Call{}, "elicit", `{}`)
	if _, err := e.await(done); err == nil || err.Code != wire.CodePolicyHandlerMissing {
		t.Errorf("got %v, want %s", err, wire.CodePolicyHandlerMissing)
	}
	f.mustWork()
}

// A session that the server has forgotten is opened again, the call is sent
// once more, and the application is told.
func TestSessionGone(t *testing.T) {
	e := newEmbedder(t)
	f := &faulty{t: t, e: e, line: fault.Line2025, url: serve(t, fault.New()).URL}
	f.session = e.connect(wire.Connect{URL: f.endpoint("mcp"), ProtocolVersion: string(f.line)}).Session
	_, done := f.tool(wire.Call{}, "session_gone", `{}`)
	if result, err := e.await(done); err != nil {
		t.Fatalf("%s, %v", result, err)
	}
	f.mustWork()
	if n := f.count("sessions"); n != 2 {
		t.Errorf("%d sessions, want 2", n)
	}
	var states []string
	for _, tell := range e.tellsOf("state") {
		var s wire.State
		_ = json.Unmarshal([]byte(tell.data), &s)
		states = append(states, s.State)
	}
	if got, want := fmt.Sprint(states), "[connecting ready lost reconnecting ready]"; got != want {
		t.Errorf("states %s, want %s", got, want)
	}
}
