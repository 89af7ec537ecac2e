package core

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/internal/wire"
	"github.com/remora-mcp/remora/test/fault"
)

// traced returns the trace so far.
func (e *embedder) traced() []wire.Trace {
	e.t.Helper()
	var out []wire.Trace
	for _, told := range e.tellsOf("trace") {
		var event wire.Trace
		if err := json.Unmarshal([]byte(told.data), &event); err != nil {
			e.t.Fatalf("%v in %s", err, told.data)
		}
		out = append(out, event)
	}
	return out
}

func (f *faulty) listen(events ...string) {
	f.t.Helper()
	if _, err := f.e.run(wire.Call{Command: "listen", Session: f.session}, wire.Listen{Events: events}); err != nil {
		f.t.Fatal(err)
	}
}

// brief is an event in a word or two.
func brief(e wire.Trace) string {
	var m struct {
		ID     json.RawMessage
		Method string
	}
	_ = json.Unmarshal(e.Message, &m)
	switch {
	case e.Type == wire.TraceRequest:
		return "request " + e.Method
	case e.Type == wire.TraceResponse:
		return fmt.Sprint("response ", e.Status)
	case e.Type == wire.TraceDropped:
		return "dropped: " + e.Reason
	case m.Method != "":
		return string(e.Type) + " " + m.Method
	default:
		return string(e.Type)
	}
}

// The whole of a session can be seen, the handshake included, and each exchange
// has its events in order.
func TestTraceOfASession(t *testing.T) {
	for _, c := range []struct {
		line fault.Line
		want []string // of the first exchange
	}{
		{fault.Line2025, []string{"request POST", "sent initialize", "response 200", "received", "end"}},
		{fault.Line2026, []string{"request POST", "sent server/discover", "response 200", "received", "end"}},
	} {
		t.Run(string(c.line), func(t *testing.T) {
			e := newEmbedder(t)
			f := &faulty{t: t, e: e, line: c.line, url: serve(t, fault.New()).URL}
			f.session = e.connect(wire.Connect{URL: f.endpoint("mcp") + "?key=canary", ProtocolVersion: string(c.line), Events: []string{"trace"}}).Session
			if tells := e.tellsOf("state"); tells[0].data != `{"state":"connecting"}` {
				t.Errorf("the first tell of a session says whose it is: %v", tells[0])
			}
			id, done := f.tool(wire.Call{}, "echo", `{"message":"hello","password":"canary"}`)
			if _, err := e.await(done); err != nil {
				t.Fatal(err)
			}
			if _, err := e.run(wire.Call{Command: "close", Session: f.session}, wire.Close{}); err != nil {
				t.Fatal(err)
			}
			// The rest of an answer may be read after the call is over.
			eventually(t, "every exchange has its end", func() bool {
				open := 0
				for _, event := range e.traced() {
					switch event.Type {
					case wire.TraceRequest:
						open++
					case wire.TraceEnd:
						open--
					}
				}
				return open == 0
			})
			exchanges := map[uint32][]string{}
			var echo uint32
			last := 0.0
			for _, event := range e.traced() {
				exchanges[event.Exchange] = append(exchanges[event.Exchange], brief(event))
				if event.At < last {
					t.Errorf("%v came before what was told before it", event)
				}
				last = event.At
				if strings.Contains(string(event.Message), `"hello"`) && event.Type == wire.TraceSent {
					echo = event.Exchange
					if event.Call != id || event.Bytes == 0 || !strings.Contains(string(event.Message), `"password":"(masked)"`) {
						t.Errorf("call %d of %d, %d bytes: %s", event.Call, id, event.Bytes, event.Message)
					}
				}
			}
			// The last byte may be read before or after the message is.
			ordered := func(events []string) []string {
				if n := len(events); n > 1 && events[n-2] == "end" {
					events[n-2], events[n-1] = events[n-1], events[n-2]
				}
				return events
			}
			if got := ordered(exchanges[1]); !slices.Equal(got, c.want) {
				t.Errorf("the handshake: %q, want %q", got, c.want)
			}
			if got, want := ordered(exchanges[echo]), []string{"request POST", "sent tools/call", "response 200", "received", "end"}; !slices.Equal(got, want) {
				t.Errorf("the call: %q, want %q", got, want)
			}
			if c.line == fault.Line2025 {
				n := uint32(len(exchanges))
				if got := exchanges[n]; !slices.Equal(got, []string{"request DELETE", "response 204", "end"}) && !slices.Equal(got, []string{"request DELETE", "response 200", "end"}) {
					t.Errorf("the end of the session: %q", got)
				}
			}
			for _, told := range e.tellsOf("trace") {
				if strings.Contains(told.data, "canary") {
					t.Errorf("a canary: %s", told.data)
				}
				if told.call != 0 {
					t.Errorf("a trace event of call %d, which it may outlive", told.call)
				}
			}
		})
	}
}

// Without a listener there is no trace, and one that is gone gets no more.
func TestTraceOnlyWhileSomebodyListens(t *testing.T) {
	onFaults(t, func(t *testing.T, e *embedder, f *faulty) {
		f.mustWork()
		if n := len(e.traced()); n != 0 {
			t.Fatalf("%d events without a listener", n)
		}
		f.listen("trace")
		f.mustWork()
		if n := len(e.traced()); n < 4 {
			t.Fatalf("%d events with a listener", n)
		}
		f.listen()
		n := len(e.traced())
		f.mustWork()
		if more := len(e.traced()) - n; more > 1 { // the end of the call before
			t.Errorf("%d events after the listener was gone", more)
		}
	})
}

// What nobody waits for is dropped, and that is seen.
func TestTraceOfWhatIsDropped(t *testing.T) {
	onFaults(t, func(t *testing.T, e *embedder, f *faulty) {
		f.listen("trace")
		_, done := f.tool(wire.Call{}, "stray", `{}`)
		if _, err := e.await(done); err != nil {
			t.Fatal(err)
		}
		const stranger = "dropped: an answer to a request that was not made"
		want := []string{stranger, stranger, "dropped: a message that came after the answer on its stream"}
		eventually(t, strings.Join(want, ", "), func() bool {
			var dropped []string
			received := 0
			for _, event := range e.traced() {
				switch event.Type {
				case wire.TraceDropped:
					dropped = append(dropped, brief(event))
				case wire.TraceReceived:
					received++
				}
			}
			return slices.Equal(dropped, want) && received == 4
		})
	})
}

// Failures are seen too: at the end of their exchange.
func TestTraceOfFailures(t *testing.T) {
	onFaults(t, func(t *testing.T, e *embedder, f *faulty) {
		f.listen("trace")
		for tool, want := range map[string]string{
			"cut_head":  string(wire.CodeHTTPNetwork),
			"cut_body":  string(wire.CodeHTTPNetwork),
			"forbidden": "",
		} {
			_, done := f.tool(wire.Call{}, tool, `{}`)
			if _, err := e.await(done); err == nil {
				t.Fatalf("%s did not fail", tool)
			}
			events := e.traced()
			last := events[len(events)-1]
			if last.Type != wire.TraceEnd || !strings.HasPrefix(last.Error, want) || (want == "") != (last.Error == "") {
				t.Errorf("%s ends with %+v, want an end with %q", tool, last, want)
			}
		}
		// A call that is cancelled gives its exchange up.
		id, done := f.tool(wire.Call{}, "hang", `{}`)
		f.waitFor("seen.hang", 1)
		e.frame(wire.KindCancel, id, wire.Cancel{}, nil)
		if _, err := e.await(done); err == nil {
			t.Fatal("not cancelled")
		}
		eventually(t, "the exchange is given up", func() bool {
			return slices.ContainsFunc(e.traced(), func(event wire.Trace) bool {
				return event.Type == wire.TraceEnd && event.Call == id && event.Reason != ""
			})
		})
	})
}

// A message is shown up to a bound, however large it is.
func TestTraceOfALargeMessage(t *testing.T) {
	onFaults(t, func(t *testing.T, e *embedder, f *faulty) {
		f.listen("trace")
		for _, tool := range []string{"big_event", "big_body"} {
			_, done := f.tool(wire.Call{}, tool, fmt.Sprintf(`{"bytes":%d}`, 3<<20))
			if _, err := e.await(done); err != nil {
				t.Fatal(err)
			}
			_, done = f.tool(wire.Call{}, "echo", `{"message":"`+strings.Repeat("x", 1<<20)+`"}`)
			if _, err := e.await(done); err != nil {
				t.Fatal(err)
			}
		}
		cut := 0
		for _, told := range e.tellsOf("trace") {
			if len(told.data) > 2*wire.MaxTraceMessageBytes {
				t.Errorf("an event of %d bytes", len(told.data))
			}
			if strings.Contains(told.data, `"truncated":true`) {
				cut++
			}
		}
		if cut != 6 { // two results, two calls and their results
			t.Errorf("%d messages were cut, want 6", cut)
		}
	})
}

// Arguments that a listed tool marks as secret are masked, on either way that
// the list was seen.
func TestTraceMasksSecretArguments(t *testing.T) {
	list := `{"tools":[{"name":"login","inputSchema":{"type":"object","properties":{"pin":{"type":"string","format":"password"},"user":{"type":"string"}}}}]}`
	server := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m struct {
			ID     json.RawMessage
			Method string
		}
		if r.Method != http.MethodPost || json.NewDecoder(r.Body).Decode(&m) != nil || m.ID == nil {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		result := map[string]string{
			"initialize": `{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"x","version":"1"}}`,
			"tools/list": list,
			"tools/call": `{"content":[{"type":"text","text":"you typed 1234-5678"}]}`,
		}[m.Method]
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, m.ID, result)
	})
	e := newEmbedder(t)
	session := e.connect(wire.Connect{URL: serve(t, server).URL, ProtocolVersion: "2025-11-25"}).Session
	if _, err := e.run(wire.Call{Command: "listTools", Session: session}, wire.ListTools{}); err != nil {
		t.Fatal(err)
	}
	if _, err := e.run(wire.Call{Command: "listen", Session: session}, wire.Listen{Events: []string{"trace"}}); err != nil {
		t.Fatal(err)
	}
	params := wire.CallTool{Name: "login", Arguments: json.RawMessage(`{"user":"somebody","pin":"1234-5678"}`)}
	if result, err := e.run(wire.Call{Command: "callTool", Session: session}, params); err != nil || !strings.Contains(result, "1234-5678") {
		t.Fatalf("the application's own result is not masked: %s, %v", result, err)
	}
	seen := ""
	for _, told := range e.tellsOf("trace") {
		seen += told.data + "\n"
	}
	if strings.Contains(seen, "1234") || !strings.Contains(seen, `"pin":"(masked)"`) || !strings.Contains(seen, "you typed (masked)") || !strings.Contains(seen, "somebody") {
		t.Error(seen)
	}
}
