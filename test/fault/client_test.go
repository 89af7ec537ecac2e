package fault_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/test/fault"
)

// called returns the body of the answer to a tool's call.
func called(t *testing.T, c *client, params string) string {
	t.Helper()
	answer := c.send("tools/call", params)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestAskWhatTheArgumentsSay(t *testing.T) {
	c := dial(t, fault.Line2026, "mcp")
	const questions = `"name":"ask","arguments":{"questions":[{"method":"roots/list"},{"method":"elicitation/create","params":{"message":"?"}}]}`
	if body := called(t, c, `{`+questions+`}`); !strings.Contains(body, `"q0":{"method":"roots/list"},"q1":{"method":"elicitation/create","params":{"message":"?"}}`) {
		t.Errorf("asked %s", body)
	}
	if body := called(t, c, `{`+questions+`,"inputResponses":{"q0":{"roots":[]},"q1":{"action":"cancel"}}}`); !strings.Contains(body, `[{\"roots\":[]},{\"action\":\"cancel\"}]`) {
		t.Errorf("answered %s", body)
	}
}

func TestStructuredContent(t *testing.T) {
	c := dial(t, fault.Line2026, "mcp")
	for arguments, want := range map[string]string{
		`{"value":[1]}`:                `"structuredContent":[1]`,
		`{"message":"1e400"}`:          `"structuredContent":{"sum":1e400,"unit":"m"}`,
		`{"value":null,"failed":true}`: `"isError":true`,
	} {
		if body := called(t, c, `{"name":"structured","arguments":`+arguments+`}`); !strings.Contains(body, want) {
			t.Errorf("%s: %s, want %s", arguments, body, want)
		}
	}
	if body := called(t, c, `{"name":"unusable_promise"}`); !strings.Contains(body, `"structuredContent":7`) {
		t.Error(body)
	}
}

func TestPageToVisitFirst(t *testing.T) {
	c := dial(t, fault.Line2025, "no_standing")
	refused := called(t, c, `{"name":"url_required"}`)
	_, rest, found := strings.Cut(refused, `"url":"`)
	page, _, ended := strings.Cut(rest, `"`)
	if !found || !ended || !strings.Contains(refused, "-32042") {
		t.Fatalf("refused with %s", refused)
	}
	// Nobody is told, because there is no standing stream: the visit ends with
	// the visitor.
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, page, nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		if answer, err := http.DefaultClient.Do(r); err == nil {
			answer.Body.Close()
		}
	}()
	c.counters("visited.url_required", 1)
	if body := called(t, c, `{"name":"url_required"}`); !strings.Contains(body, "the page was visited") {
		t.Error(body)
	}
}
