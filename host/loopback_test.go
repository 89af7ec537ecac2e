package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// page is a page to visit whose answer is known by its state.
func page(a *LoopbackAuthorizer, state string) AuthorizeRequest {
	return AuthorizeRequest{
		URL:         "https://as.example/authorize?redirect_uri=" + url.QueryEscape(a.RedirectURL()) + "&state=" + state,
		RedirectURL: a.RedirectURL(), Issuer: "https://as.example",
	}
}

func loopback(t *testing.T, open func(page string) error) *LoopbackAuthorizer {
	t.Helper()
	a, err := NewLoopbackAuthorizer(&LoopbackOptions{Open: open, Output: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// visit is what a browser gets that comes back with that query.
func visit(t testing.TB, address string, change ...func(*http.Request)) (status int, body string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range change {
		f(req)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Header.Get("Referrer-Policy") != "no-referrer" || resp.Header.Get("Cache-Control") != "no-store" ||
		!strings.HasPrefix(resp.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("headers %v", resp.Header)
	}
	return resp.StatusCode, string(text)
}

func TestLoopback(t *testing.T) {
	var a *LoopbackAuthorizer
	visited := make(chan struct{})
	a = loopback(t, func(page string) error {
		defer close(visited)
		u, err := url.Parse(page)
		if err != nil {
			return err
		}
		back := u.Query().Get("redirect_uri")
		// What is no answer to this login, on the way.
		for name, status := range map[string]int{
			"": 400, "?state=s1": 400, "?code=c": 400, "?code=c&state=other": 400, "?error=x&state=": 400, "/more?code=c&state=s1": 404,
		} {
			if got, _ := visit(t, back+name); got != status {
				t.Errorf("%q: got %d", name, got)
			}
		}
		if got, _ := visit(t, back+"?code=c&state=s1", func(r *http.Request) { r.Method = http.MethodPost }); got != 405 {
			t.Errorf("POST: got %d", got)
		}
		if got, _ := visit(t, back+"?code=c&state=s1", func(r *http.Request) { r.Host = "evil.example" }); got != 404 {
			t.Errorf("by another name: got %d", got)
		}
		if got, body := visit(t, back+"?code=canary&state=s1&iss=https%3A%2F%2Fas.example"); got != 200 || !strings.Contains(body, "close this page") || strings.Contains(body, "canary") {
			t.Errorf("got %d %s", got, body)
		}
		if got, _ := visit(t, back+"?code=c&state=s1"); got != 400 {
			t.Errorf("once more: got %d", got)
		}
		return nil
	})
	u, err := url.Parse(a.RedirectURL())
	if err != nil || u.Scheme != "http" || u.Hostname() != "127.0.0.1" || u.Port() == "" || u.Path != "/callback" {
		t.Fatalf("RedirectURL is %s", a.RedirectURL())
	}
	back, err := a.Authorize(t.Context(), page(a, "s1"))
	if err != nil || back != a.RedirectURL()+"?code=canary&state=s1&iss=https%3A%2F%2Fas.example" {
		t.Errorf("got %s, %v", back, err)
	}
	<-visited
}

// TestLoopbackAtOnce: several logins are told apart by their state.
func TestLoopbackAtOnce(t *testing.T) {
	const n = 10
	var a *LoopbackAuthorizer
	var all, visits sync.WaitGroup // until each has its page open
	all.Add(n)
	visits.Add(n)
	a = loopback(t, func(page string) error {
		defer visits.Done()
		all.Done()
		all.Wait()
		u, _ := url.Parse(page)
		visit(t, fmt.Sprintf("%s?code=of-%[2]s&state=%[2]s", a.RedirectURL(), u.Query().Get("state")))
		return nil
	})
	var logins sync.WaitGroup
	for i := range n {
		logins.Go(func() {
			state := fmt.Sprint("s", i)
			back, err := a.Authorize(t.Context(), page(a, state))
			if err != nil || !strings.Contains(back, "code=of-"+state+"&") {
				t.Errorf("%s: got %s, %v", state, back, err)
			}
		})
	}
	logins.Wait()
	visits.Wait()
}

func TestLoopbackWithoutABrowser(t *testing.T) {
	printed, out := io.Pipe()
	a, err := NewLoopbackAuthorizer(&LoopbackOptions{Open: func(string) error { return errors.New("none") }, Output: out, Path: "/back"})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := a.Authorize(context.Background(), page(a, "s1"))
		ended <- err
	}()
	text := make([]byte, 4096)
	n, err := printed.Read(text)
	if err != nil || !strings.Contains(string(text[:n]), page(a, "s1").URL) {
		t.Errorf("printed %q, %v", text[:n], err)
	}
	// The same page cannot be waited for twice; closing ends the wait.
	if _, err := a.Authorize(t.Context(), page(a, "s1")); !errors.Is(err, &Error{Code: CodeLocalBadArgument}) {
		t.Errorf("twice: got %v", err)
	}
	for range 2 {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := <-ended; !errors.Is(err, &Error{Code: CodeLocalClosed}) {
		t.Errorf("closed: got %v", err)
	}
	u, _ := url.Parse(a.RedirectURL())
	if conn, err := net.Dial("tcp", u.Host); err == nil {
		conn.Close()
		t.Error("the port is still open")
	}
}

func TestLoopbackIsGivenUp(t *testing.T) {
	a := loopback(t, func(string) error { return nil })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Authorize(ctx, page(a, "s1")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if status, _ := visit(t, a.RedirectURL()+"?code=c&state=s1"); status != 400 {
		t.Errorf("an answer that is late: got %d", status)
	}
	for _, r := range []AuthorizeRequest{{URL: "https://as.example/"}, {URL: "://"}} {
		if _, err := a.Authorize(t.Context(), r); !errors.Is(err, &Error{Code: CodeLocalBadArgument}) {
			t.Errorf("%+v: got %v", r, err)
		}
	}
	for _, o := range []LoopbackOptions{{Path: "back"}, {Path: "/a?b"}, {Port: -1}, {Port: 70000}} {
		if _, err := NewLoopbackAuthorizer(&o); !errors.Is(err, &Error{Code: CodeLocalBadArgument}) {
			t.Errorf("%+v: got %v", o, err)
		}
	}
}

func TestPaste(t *testing.T) {
	request := AuthorizeRequest{URL: "https://as.example/authorize?state=s", RedirectURL: PasteRedirectURL}
	var out strings.Builder
	in := "\nwhat?\nhttps://evil.example/callback?code=c\nhttp://127.0.0.1/callback\n  \"http://127.0.0.1/callback?code=c&state=s\"  \r\nhttp://127.0.0.1/callback?code=d\n"
	a := NewPasteAuthorizer(strings.NewReader(in), &out)
	for _, want := range []string{"code=c&state=s", "code=d"} {
		if back, err := a.Authorize(t.Context(), request); err != nil || back != PasteRedirectURL+"?"+want {
			t.Errorf("got %q, %v, want %s", back, err, want)
		}
	}
	if _, err := a.Authorize(t.Context(), request); !errors.Is(err, &Error{Code: CodeAuthDenied}) {
		t.Errorf("at the end: got %v", err)
	}
	if said := out.String(); strings.Count(said, request.URL) != 3 || strings.Count(said, "That is not the address") != 3 {
		t.Errorf("said %s", said)
	}

	// Nothing comes, and somebody gives up; the next is asked all the same.
	in2, keys := io.Pipe()
	a = NewPasteAuthorizer(in2, io.Discard)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Authorize(ctx, request); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: got %v", err)
	}
	go func() { _, _ = io.WriteString(keys, PasteRedirectURL+"?code=e\n") }()
	if back, err := a.Authorize(t.Context(), request); err != nil || back != PasteRedirectURL+"?code=e" {
		t.Errorf("got %q, %v", back, err)
	}
}

func TestOpenBrowserOpensPagesOnly(t *testing.T) {
	for _, page := range []string{"file:///etc/passwd", "javascript:alert(1)", "--help", "https:", ""} {
		if err := OpenBrowser(page); !errors.Is(err, &Error{Code: CodeLocalBadArgument}) {
			t.Errorf("%q: got %v", page, err)
		}
	}
}
