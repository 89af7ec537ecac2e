package fault_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/test/fault"
)

func TestAskInMidCall(t *testing.T) {
	c := dial(t, fault.Line2025, "mcp")
	for _, test := range []struct{ tool, method string }{
		{"elicit", "elicitation/create"}, {"sample", "sampling/createMessage"}, {"ask_unknown", "horoscope/create"},
	} {
		answer := c.send("tools/call", fmt.Sprintf(`{"name":%q}`, test.tool))
		var question struct {
			ID     json.RawMessage
			Method string
		}
		chunk := make([]byte, 4096)
		n, err := answer.Body.Read(chunk)
		if err != nil {
			t.Fatal(err)
		}
		_, data, _ := strings.Cut(string(chunk[:n]), "data: ")
		if err := json.Unmarshal([]byte(data), &question); err != nil || question.Method != test.method {
			t.Fatalf("%s asked %q (%v)", test.tool, chunk[:n], err)
		}
		reply, err := http.DefaultClient.Do(c.request(
			fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{"action":"decline"}}`, question.ID), "", ""))
		if err != nil {
			t.Fatal(err)
		}
		reply.Body.Close()
		rest, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || !strings.Contains(string(rest), `decline`) {
			t.Errorf("%s: answer %q, %v", test.tool, rest, err)
		}
	}
}

func TestAskOnTheStandingStream(t *testing.T) {
	c := dial(t, fault.Line2025, "mcp")
	// The answer's head comes at once, the question only with the stream.
	answer := c.send("tools/call", `{"name":"elicit_standing"}`)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = c.request("", "", "").Header
	standing, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer standing.Body.Close()
	lines := bufio.NewScanner(standing.Body)
	var question struct{ ID json.RawMessage }
	for lines.Scan() && len(question.ID) == 0 {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			if err := json.Unmarshal([]byte(data), &question); err != nil {
				t.Fatal(err)
			}
		}
	}
	reply, err := http.DefaultClient.Do(c.request(
		fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{"action":"decline"}}`, question.ID), "", ""))
	if err != nil {
		t.Fatal(err)
	}
	reply.Body.Close()
	rest, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil || !strings.Contains(string(rest), "decline") {
		t.Errorf("answer %q, %v", rest, err)
	}
}

func TestAskByInputRequired(t *testing.T) {
	c := dial(t, fault.Line2026, "mcp")
	_, body, err := c.call("elicit", `{}`)
	if err != nil || !strings.Contains(body, `"resultType":"input_required"`) {
		t.Fatalf("got %q, %v", body, err)
	}
	again := func(state string) string {
		answer := c.send("tools/call", `{"name":"elicit","inputResponses":{"question":{"action":"decline"}},"requestState":`+state+`}`)
		defer answer.Body.Close()
		b, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if got := again(`"opaque \u2713 state"`); !strings.Contains(got, "decline") {
		t.Errorf("with the state: %q", got)
	}
	if got := again(`"another"`); !strings.Contains(got, "came back changed") {
		t.Errorf("with another state: %q", got)
	}
}
