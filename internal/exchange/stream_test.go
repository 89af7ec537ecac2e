package exchange

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

// arriving is a port.HTTP whose answers to POST come when they are complete.
type arriving struct{ next port.HTTP }

func (a arriving) Do(ctx context.Context, r *port.Request) (*port.Response, error) {
	resp, err := a.next.Do(ctx, r)
	if err != nil || r.Method != http.MethodPost {
		return resp, err
	}
	defer resp.Body.Close()
	whole, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body = arrived{bytes.NewReader(whole)}
	return resp, nil
}

type arrived struct{ io.Reader }

func (arrived) Arrived() bool { return true }

func (arrived) Close() error { return nil }

// A stream that is there to its end when its head is does what one does that comes
// bit by bit.
func TestArrivedStreams(t *testing.T) {
	const (
		notice   = `data: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":42,"progress":1}}` + "\n\n"
		stranger = `data: {"jsonrpc":"2.0","id":"nobody","result":{}}` + "\n\n"
	)
	type outcome struct {
		sdk     bool // the SDK saw a failure
		raw     string
		code    wire.Code
		sent    wire.Sent
		notices []string
		dropped []string
	}
	for name, body := range map[string]func(answer string) string{
		"the answer alone":              func(answer string) string { return answer },
		"events before the answer":      func(answer string) string { return notice + notice + answer },
		"somebody else's answer before": func(answer string) string { return stranger + answer },
		"something after the answer":    func(answer string) string { return answer + stranger },
		"no answer":                     func(string) string { return notice },
		"half of the answer":            func(answer string) string { return answer[:len(answer)-10] },
		"nothing":                       func(string) string { return "" },
		"not JSON":                      func(string) string { return "data: {]\n\n" },
		"too long": func(answer string) string {
			return "data: " + strings.Repeat("x", 8<<10) + "\n\n" + answer
		},
		"a question before the answer": func(answer string) string {
			return `data: {"jsonrpc":"2.0","id":1,"method":"ping"}` + "\n\n" + answer
		},
	} {
		t.Run(name, func(t *testing.T) {
			run := func(h how) outcome {
				p := &peer{on: map[string]http.HandlerFunc{
					"ok": okTool,
					"it": func(w http.ResponseWriter, r *http.Request) { events(w)("%s", body(resultEvent(r, okResult))) },
				}}
				h.limits.MaxEventBytes = 4 << 10
				r := connect(t, p, h)
				_, call, err := r.call("it")
				out := outcome{sdk: err != nil, raw: string(call.Result()), code: code(call), sent: call.Sent(), notices: r.heard.notices}
				r.mustWork()
				// What comes after the answer may be read after the call, and a question's
				// answer is refused after it.
				if name != "something after the answer" && name != "a question before the answer" {
					out.dropped = r.heard.dropped
				}
				return out
			}
			want, got := run(how{}), run(how{arrived: true})
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %s\nwant %s", fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want))
			}
		})
	}
}

// The SDK is given what is its business as an event stream, and an answer that is
// alone and has arrived as JSON.
func TestAnswerOfAStream(t *testing.T) {
	for _, test := range []struct {
		before  string
		arrived bool
		want    string
	}{
		{"", true, "application/json"},
		{"", false, "text/event-stream"},
		{`data: {"jsonrpc":"2.0","id":1,"method":"ping"}` + "\n\n", true, "text/event-stream"},
	} {
		r := connect(t, &peer{on: map[string]http.HandlerFunc{"it": func(w http.ResponseWriter, r *http.Request) {
			events(w)("%s", test.before+resultEvent(r, okResult))
		}}}, how{arrived: test.arrived})
		body := `{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"it"}}`
		req, err := http.NewRequestWithContext(WithCall(t.Context(), new(Call)), http.MethodPost, r.url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := r.transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		if err != nil || resp.Header.Get("Content-Type") != test.want || !bytes.Contains(text, []byte(`"id":9`)) {
			t.Errorf("%s: %s, %v; want %s", resp.Header.Get("Content-Type"), text, err, test.want)
		}
	}
}
