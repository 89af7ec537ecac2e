package core

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/internal/wire"
)

// A liar is the far side of a channel that says what a test tells it to. It
// opens a session of 2025-11-25 by itself.
type liar struct {
	// say answers a call of a tool; id is the request's.
	say func(tool string, id json.RawMessage, send func(format string, args ...any))
	// end ends the channel after the call of that tool.
	end map[string]*wire.Error
}

func (l liar) far(receive func() []byte, send func([]byte)) *wire.Error {
	sendf := func(format string, args ...any) { send(fmt.Appendf(nil, format, args...)) }
	for message := receive(); message != nil; message = receive() {
		var m struct {
			ID     json.RawMessage
			Method string
			Params struct{ Name string }
		}
		if err := json.Unmarshal(message, &m); err != nil {
			return &wire.Error{Code: wire.CodeChannelClosed, Message: err.Error(), Sent: wire.SentUnknown}
		}
		switch m.Method {
		case "initialize":
			sendf(`{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"liar","version":"1"}}}`, m.ID)
		case "tools/call":
			if failure := l.end[m.Params.Name]; failure != nil {
				return failure
			}
			l.say(m.Params.Name, m.ID, sendf)
		case "server/discover":
			sendf(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"what?"}}`, m.ID)
		case "ping":
			sendf(`{"jsonrpc":"2.0","id":%s,"result":{}}`, m.ID)
		}
	}
	return nil
}

const good = `{"jsonrpc":"2.0","id":%s,"result":{"content":[],"n":12345678901234567890,"x":"` + "\u2028" + `"}}`

// What a far side gets wrong fails its own call and no other; what cannot be
// taken is dropped and counted.
func TestChannelFaults(t *testing.T) {
	long := strings.Repeat("x", 3<<20)
	for _, c := range []struct {
		name    string
		say     string // %[1]s is the id
		want    wire.Code
		dropped bool
	}{
		{"raw bytes", good, "", false},
		{"garbage before", "a log line\x00%[1]s\n" + good, "", true},
		{"not JSON-RPC", `{"id":%[1]s}` + "\n" + good, "", true},
		{"an answer to nothing", `{"jsonrpc":"2.0","id":9999,"result":{}}` + "\n" + good, "", true},
		{"twice", good + "\n" + good, "", true},
		{"the wrong type of id", `{"jsonrpc":"2.0","id":"%[1]s","result":{}}` + "\n" + good, "", true},
		{"an error without an id", `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"what?"}}`, wire.CodeRPCError, false},
		{"an error", `{"jsonrpc":"2.0","id":%[1]s,"error":{"code":-1,"message":"no","data":12345678901234567890}}`, wire.CodeRPCError, false},
		{"not a result", `{"jsonrpc":"2.0","id":%[1]s,"result":7}`, wire.CodeHTTPNotMCP, false},
		{"too long, id first", `{"jsonrpc":"2.0","id":%[1]s,"result":{"x":"` + long + `"}}`, wire.CodeLocalTooLarge, false},
		{"too long, id last", `{"result":{"x":"` + long + `"},"jsonrpc":"2.0","id":%[1]s}`, wire.CodeLocalTooLarge, false},
		{"a notification too long", `{"jsonrpc":"2.0","method":"n","params":{"x":"` + long + `"},"id":%[1]s}` + "\n" + good, "", true},
		{"too deep", `{"jsonrpc":"2.0","result":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `,"id":%[1]s}`, wire.CodeLocalTooLarge, false},
		{"a question with an odd id", `{"jsonrpc":"2.0","id":{"a":1},"method":"ping"}` + "\n" + good, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEmbedder(t)
			e.frame(wire.KindHello, 0, wire.Hello{ABI: wire.ABI, Limits: wire.Limits{MaxBodyBytes: 2 << 20}}, nil)
			e.far["liar"] = liar{say: func(tool string, id json.RawMessage, send func(string, ...any)) {
				said := good
				if tool == "bad" {
					said = c.say
				}
				for line := range strings.SplitSeq(said, "\n") {
					if strings.Contains(line, "%") {
						send(line, id)
					} else {
						send("%s", line)
					}
				}
			}}.far
			session := e.connect(wire.Connect{Channel: "liar"}).Session
			call := func(tool string) (string, *wire.Error) {
				return e.run(wire.Call{Command: "callTool", Session: session}, wire.CallTool{Name: tool})
			}
			result, failure := call("bad")
			switch {
			case c.want == "" && failure != nil:
				t.Fatalf("%v", failure)
			case c.want == "" && result != "{\"content\":[],\"n\":12345678901234567890,\"x\":\"\u2028\"}":
				t.Errorf("not byte for byte: %s", result)
			case c.want != "" && (failure == nil || failure.Code != c.want):
				t.Errorf("%v, want %s", failure, c.want)
			}
			if _, failure := call("good"); failure != nil {
				t.Errorf("the next call: %v", failure)
			}
			if got := e.stats().Dropped > 0; got != c.dropped {
				t.Errorf("something was dropped: %v, want %v (%s)", got, c.dropped, e.stats().LastDropped)
			}
		})
	}
}

// The end of a channel fails what is in flight with the embedder's reason, is
// told, and the next call opens the channel again.
func TestChannelEnds(t *testing.T) {
	e := newEmbedder(t)
	crash := &wire.Error{Code: wire.CodeChannelClosed, Message: "the process exited with status 3: boom", Sent: wire.SentUnknown, Data: json.RawMessage(`{"stderr":"boom"}`)}
	e.far["liar"] = liar{
		say: func(_ string, id json.RawMessage, send func(string, ...any)) { send(good, id) },
		end: map[string]*wire.Error{"crash": crash},
	}.far
	session := e.connect(wire.Connect{Channel: "liar"}).Session
	call := func(tool string) *wire.Error {
		_, failure := e.run(wire.Call{Command: "callTool", Session: session}, wire.CallTool{Name: tool})
		return failure
	}
	failure := call("crash")
	if failure == nil || failure.Code != crash.Code || failure.Message != crash.Message || failure.Sent != wire.SentUnknown || failure.Retryable || string(failure.Data) != `{"stderr":"boom"}` {
		t.Errorf("in flight: %+v", failure)
	}
	eventually(t, "the state lost", func() bool {
		for _, told := range e.tellsOf("state") {
			if strings.Contains(told.data, `"lost"`) && strings.Contains(told.data, "boom") {
				return true
			}
		}
		return false
	})
	if failure := call("good"); failure != nil {
		t.Errorf("after it: %v", failure)
	}
	e.mu.Lock()
	e.far["liar"] = nil
	e.mu.Unlock()
	if failure := call("crash"); failure == nil || failure.Code != crash.Code {
		t.Errorf("in flight, again: %+v", failure)
	}
	if failure := call("good"); failure == nil || failure.Code != wire.CodeChannelClosed || failure.Sent != wire.SentNo || !failure.Retryable {
		t.Errorf("with nothing there: %+v", failure)
	}
	if _, failure := e.run(wire.Call{Command: "connect"}, wire.Connect{Channel: "nothing"}); failure == nil || failure.Code != wire.CodeChannelClosed {
		t.Errorf("connect to nothing: %+v", failure)
	}
	if _, failure := e.run(wire.Call{Command: "close", Session: session}, wire.Close{}); failure != nil {
		t.Errorf("close: %v", failure)
	}
	eventually(t, "nothing is open", func() bool { return e.stats().Open == 0 && e.stats().Sessions == 0 })
}

// A server that ends upon server/discover gets the older handshake, and one that
// never says anything of MCP is quoted.
func TestChannelHandshakes(t *testing.T) {
	e := newEmbedder(t)
	old := liar{say: func(string, json.RawMessage, func(string, ...any)) {}}.far
	e.far["old"] = func(receive func() []byte, send func([]byte)) *wire.Error {
		first := receive()
		if strings.Contains(string(first), "server/discover") {
			return &wire.Error{Code: wire.CodeChannelClosed, Message: "the process exited", Sent: wire.SentUnknown}
		}
		return old(func() []byte {
			if first != nil {
				defer func() { first = nil }()
				return first
			}
			return receive()
		}, send)
	}
	if v := e.connect(wire.Connect{Channel: "old"}).ProtocolVersion; v != "2025-11-25" {
		t.Errorf("agreed on %s", v)
	}
	e.far["chatty"] = func(receive func() []byte, send func([]byte)) *wire.Error {
		send([]byte("Usage: chatty [options]"))
		return &wire.Error{Code: wire.CodeChannelClosed, Message: "the process exited with status 2", Sent: wire.SentUnknown}
	}
	_, failure := e.run(wire.Call{Command: "connect"}, wire.Connect{Channel: "chatty"})
	if failure == nil || failure.Code != wire.CodeChannelClosed || !strings.Contains(failure.Message, "status 2") || !strings.Contains(failure.Message, "Usage: chatty") {
		t.Errorf("chatty: %+v", failure)
	}
}

// A far side that sends more than it has credit for is refused.
func TestChannelCreditIsHeld(t *testing.T) {
	for _, c := range []struct {
		name   string
		frames func(e *embedder, id uint32)
		want   int
	}{
		{"within the credit", func(e *embedder, id uint32) {
			e.frame(wire.KindChanOpened, id, struct{}{}, nil)
			for range 4 { // a message may be begun as long as any credit is left
				e.frame(wire.KindChanMessage, id, struct{}{}, make([]byte, initialCredit/3))
			}
		}, 0},
		{"beyond the credit", func(e *embedder, id uint32) {
			e.frame(wire.KindChanOpened, id, struct{}{}, nil)
			e.frame(wire.KindChanMessage, id, struct{}{}, make([]byte, initialCredit))
			e.frame(wire.KindChanMessage, id, struct{}{}, nil)
		}, 1},
		{"a message before it is open", func(e *embedder, id uint32) {
			e.frame(wire.KindChanMessage, id, struct{}{}, []byte("{}"))
		}, 1},
		{"more than the ends", func(e *embedder, id uint32) {
			e.frame(wire.KindChanOpened, id, struct{}{}, nil)
			e.frame(wire.KindChanMessage, id, wire.ChanMessage{Bytes: 1 << 30}, make([]byte, 2*wire.MaxChanEndBytes+1))
		}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEmbedder(t)
			started := make(chan struct{})
			e.onOpen = func(id uint32, h wire.ChanOpen) {
				if h.Credit != initialCredit || h.Channel != "x" || h.Session != 1 {
					t.Errorf("chan.open says %+v", h)
				}
				c.frames(e, id)
				close(started)
			}
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			opened := make(chan struct{})
			go func() {
				defer close(opened)
				_, _ = e.core.chans.Open(ctx, 1, "x")
			}()
			<-started
			cancel()
			<-opened
			e.mu.Lock()
			defer e.mu.Unlock()
			if len(e.faults) != c.want {
				t.Errorf("%d faults, want %d: %v", len(e.faults), c.want, e.faults)
			}
		})
	}
}
