package host

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestHeadersAndToken(t *testing.T) {
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%q %q", r.Header.Values("X-Key"), r.Header.Values("Authorization"))
	}))
	token := func(s string, err error) func(context.Context) (string, error) {
		return func(context.Context) (string, error) { return s, err }
	}
	for _, tt := range []struct {
		name    string
		options ConnectOptions
		want    string
		code    Code
	}{
		{"none", ConnectOptions{}, `[] ["guest"]`, ""},
		{"headers", ConnectOptions{Headers: http.Header{"x-key": {"1", "2"}}}, `["1" "2"] ["guest"]`, ""},
		{"static key", ConnectOptions{Headers: http.Header{"authorization": {"Key k"}}}, `[] ["Key k"]`, ""},
		{"token", ConnectOptions{Token: token("t", nil)}, `[] ["Bearer t"]`, ""},
		{"no token", ConnectOptions{Token: token("", nil)}, `[] ["guest"]`, ""},
		{"token before header", ConnectOptions{Headers: http.Header{"Authorization": {"Key k"}}, Token: token("t", nil)}, `[] ["Bearer t"]`, ""},
		{"token fails", ConnectOptions{Token: token("", errors.New("the password is 1234"))}, "", CodeAuthRefreshFailed},
		{"token splits the header", ConnectOptions{Token: token("a\r\nX: y", nil)}, "", CodeLocalBadArgument},
		{"token panics", ConnectOptions{Token: func(context.Context) (string, error) { panic("1234") }}, "", CodeAuthRefreshFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := newProbe(t, url, &tt.options).do("POST", url, "{}", [2]string{"Authorization", "guest"})
			if tt.code != "" {
				wantError(t, a, tt.code, SentNo)
				if a.err != nil && (strings.Contains(a.err.Message, "1234") || strings.Contains(a.err.Message, "X: y")) {
					t.Errorf("the message echoes what it should not: %s", a.err.Message)
				}
				return
			}
			if a.body != tt.want {
				t.Errorf("got %s, want %s (%v)", a.body, tt.want, a.err)
			}
		})
	}
}

func TestHeadersThatCannotBeSet(t *testing.T) {
	rt := fakeRuntime(t, Options{}, nil)
	for _, name := range []string{
		"Host", "accept", "Accept-Encoding", "content-type", "Content-Length", "mcp-session-id", "MCP-Protocol-Version",
		"Mcp-Param-X", "Last-Event-ID", "Connection", "Transfer-Encoding", "Upgrade", "Idempotency-Key", "Proxy-Authorization",
		"bad name", "", "X-Ünicode",
	} {
		_, err := rt.Connect(t.Context(), serverURL, &ConnectOptions{Headers: http.Header{name: {"secret"}}})
		if !errors.Is(err, &Error{Code: CodeLocalBadArgument}) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: got %v", name, err)
		}
	}
	_, err := rt.Connect(t.Context(), serverURL, &ConnectOptions{Headers: http.Header{"X-Key": {"secret\n"}}})
	if !errors.Is(err, &Error{Code: CodeLocalBadArgument}) || strings.Contains(err.Error(), "secret") {
		t.Errorf("a value with a line's end: got %v", err)
	}
	if n := len(rt.sessions); n != 0 {
		t.Errorf("%d sessions are kept", n)
	}
}
