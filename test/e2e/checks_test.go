package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/remora-mcp/remora/test/internal/drive"
)

// atOnceMs is the most that something may take which has to end at once: far
// above what it needs, far below any time-out.
const atOnceMs = 10_000

func succeeds(t *testing.T, _ place, got drive.Outcome) {
	t.Helper()
	if got.Error != nil {
		t.Errorf("%v", got.Error)
	}
}

// says checks that the result is one text block with a part in it.
func says(part string) check {
	return func(t *testing.T, at place, got drive.Outcome) {
		t.Helper()
		succeeds(t, at, got)
		if text := textOf(got.Result); !strings.Contains(text, part) {
			t.Errorf("got %.300q, want %q in its text", got.Result, part)
		}
	}
}

func textOf(result string) string {
	var r struct{ Content []struct{ Text string } }
	if json.Unmarshal([]byte(result), &r) != nil || len(r.Content) != 1 {
		return ""
	}
	return r.Content[0].Text
}

// is checks that the result is this, byte for byte.
func is(want string) check {
	return func(t *testing.T, at place, got drive.Outcome) {
		t.Helper()
		succeeds(t, at, got)
		if got.Result != want {
			t.Errorf("got\n%s\nwant\n%s", got.Result, want)
		}
	}
}

// fails checks the error's code, and whether the request can have reached the
// server: "no", "yes", "unknown", or "yes|unknown" where either is true.
func fails(code, sent string, parts ...string) check {
	return func(t *testing.T, _ place, got drive.Outcome) {
		t.Helper()
		f := got.Error
		if f == nil {
			t.Fatalf("it succeeded with %.200q, want %s", got.Result, code)
		}
		if !slices.Contains(strings.Split(code, "|"), f.Code) || !slices.Contains(strings.Split(sent, "|"), f.Sent) {
			t.Errorf("got %v, want %s (sent %s)", f, code, sent)
		}
		for _, part := range parts {
			if !strings.Contains(f.Message, part) {
				t.Errorf("message %q, want %q in it", f.Message, part)
			}
		}
		if got.Ms > atOnceMs {
			t.Errorf("it took %.0f ms", got.Ms)
		}
	}
}

// status checks for http/status with that status.
func status(want int, parts ...string) check {
	return func(t *testing.T, at place, got drive.Outcome) {
		t.Helper()
		fails("http/status", "yes", parts...)(t, at, got)
		if got.Error != nil && got.Error.Status != want {
			t.Errorf("status %d, want %d", got.Error.Status, want)
		}
	}
}

// inBrowser judges by one check in a browser and by another elsewhere.
func inBrowser(browser, elsewhere check) check {
	return func(t *testing.T, at place, got drive.Outcome) {
		t.Helper()
		if at.browser() {
			browser(t, at, got)
		} else {
			elsewhere(t, at, got)
		}
	}
}

// both judges by every check.
func all(checks ...check) check {
	return func(t *testing.T, at place, got drive.Outcome) {
		t.Helper()
		for _, c := range checks {
			c(t, at, got)
		}
	}
}

// counted checks counters; what is not named may be anything.
func counted(want map[string]int) check {
	return func(t *testing.T, at place, got drive.Outcome) {
		t.Helper()
		succeeds(t, at, got)
		for name, n := range want {
			if got.Counters[name] != n {
				t.Errorf("counter %s is %d, want %d", name, got.Counters[name], n)
			}
		}
	}
}

// counters is the step that looks at the counters.
func counters(want map[string]int) step {
	return step{drive.Step{Do: drive.Counters}, counted(want)}
}

// reaches is the step that waits until a counter has reached 1.
func reaches(name string) step {
	return step{drive.Step{Do: drive.Counters, Wait: name}, succeeds}
}

// wellFormed holds what is true of every error: a message for a person, no more
// of a body than allowed, no control characters, and retryable only if nothing
// was sent.
func wellFormed(t *testing.T, f *drive.Failure) {
	t.Helper()
	if f == nil {
		return
	}
	if f.Code == "foreign" {
		t.Errorf("an error that is not remora's: %s", f.Message)
		return
	}
	if f.Message == "" || len(f.Message) > 600 {
		t.Errorf("a message of %d bytes: %.700q", len(f.Message), f.Message)
	}
	if strings.ContainsFunc(f.Message, unicode.IsControl) {
		t.Errorf("control characters in the message %q", f.Message)
	}
	if f.Retryable && f.Sent != "no" {
		t.Errorf("retryable, but sent %q", f.Sent)
	}
	if !slices.Contains([]string{"no", "yes", "unknown"}, f.Sent) {
		t.Errorf("sent is %q", f.Sent)
	}
}
