package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cli/browser"
)

// LoopbackOptions configure NewLoopbackAuthorizer. The zero value is ready to use.
type LoopbackOptions struct {
	// Port is the port on 127.0.0.1 that the person comes back to, for an
	// authorization server at which it is registered. 0 takes a free one.
	Port int
	// Path is the path that the person comes back to. Empty selects "/callback".
	Path string
	// Open opens a page in the person's browser. It may block; an error has the
	// page's URL printed. Nil selects OpenBrowser.
	Open func(url string) error
	// Output is where the URL is printed if there is no browser. Nil selects
	// standard error.
	Output io.Writer
}

const (
	// loopbackHeaderTimeout bounds how long a browser may take to ask.
	loopbackHeaderTimeout = 10 * time.Second
	// loopbackCloseTimeout bounds how long Close waits for what is being sent.
	loopbackCloseTimeout = time.Second
)

// A LoopbackAuthorizer has a person log in with the browser of this machine, who
// comes back to a small HTTP server on 127.0.0.1 (RFC 8252, section 7.3):
//
//	login, err := host.NewLoopbackAuthorizer(nil)
//	...
//	defer login.Close()
//	auth := &host.AuthOptions{Authorize: login.Authorize, RedirectURL: login.RedirectURL()}
//
// It is safe for concurrent use, by any number of sessions.
type LoopbackAuthorizer struct {
	opts     LoopbackOptions
	host     string // address and port
	listener net.Listener
	server   *http.Server
	closed   chan struct{}

	mu      sync.Mutex
	waiting map[string]chan string // by state
}

// NewLoopbackAuthorizer opens the port and listens on it until Close. Nil options
// are the zero value.
func NewLoopbackAuthorizer(o *LoopbackOptions) (*LoopbackAuthorizer, error) {
	a := &LoopbackAuthorizer{closed: make(chan struct{}), waiting: make(map[string]chan string)}
	if o != nil {
		a.opts = *o
	}
	if a.opts.Path == "" {
		a.opts.Path = "/callback"
	}
	if !strings.HasPrefix(a.opts.Path, "/") || strings.ContainsAny(a.opts.Path, "?#%{} ") {
		return nil, failure(CodeLocalBadArgument, "LoopbackOptions.Path is not a plain path that begins with /")
	}
	if a.opts.Open == nil {
		a.opts.Open = OpenBrowser
	}
	if a.opts.Output == nil {
		a.opts.Output = os.Stderr
	}
	var err error
	if a.listener, err = net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(a.opts.Port))); err != nil {
		return nil, asError(err, CodeLocalBadArgument)
	}
	a.host = a.listener.Addr().String()
	a.server = &http.Server{Handler: http.HandlerFunc(a.serve), ReadHeaderTimeout: loopbackHeaderTimeout, MaxHeaderBytes: 2 * maxAnswerBytes}
	a.server.SetKeepAlivesEnabled(false)
	go func() { _ = a.server.Serve(a.listener) }() // ends with Close
	return a, nil
}

// RedirectURL is where the person comes back to, for AuthOptions.
func (a *LoopbackAuthorizer) RedirectURL() string { return "http://" + a.host + a.opts.Path }

// Close closes the port. Who waits in Authorize gets CodeLocalClosed.
func (a *LoopbackAuthorizer) Close() error {
	a.mu.Lock()
	select {
	case <-a.closed:
		a.mu.Unlock()
		return nil
	default:
		close(a.closed)
	}
	a.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), loopbackCloseTimeout)
	defer cancel()
	if err := a.server.Shutdown(ctx); err != nil {
		return a.server.Close()
	}
	return nil
}

// Authorize is an AuthOptions.Authorize: it opens the page in the browser and
// waits until the person is back.
func (a *LoopbackAuthorizer) Authorize(ctx context.Context, r AuthorizeRequest) (string, error) {
	page, err := url.Parse(r.URL)
	if err != nil {
		return "", failure(CodeLocalBadArgument, "the page to visit is not a URL")
	}
	state := page.Query().Get("state")
	if state == "" {
		return "", failure(CodeLocalBadArgument, "the page to visit has no state, by which its answer could be known")
	}
	answer := make(chan string, 1)
	a.mu.Lock()
	_, twice := a.waiting[state]
	if !twice {
		a.waiting[state] = answer
	}
	a.mu.Unlock()
	if twice {
		return "", failure(CodeLocalBadArgument, "somebody waits for the answer of this page already")
	}
	defer func() {
		a.mu.Lock()
		delete(a.waiting, state)
		a.mu.Unlock()
	}()
	go func() {
		if a.opts.Open(r.URL) != nil {
			fmt.Fprintf(a.opts.Output, "Open this page in a browser to log in:\n\n  %s\n\n", page)
		}
	}()
	select {
	case back := <-answer:
		return back, nil
	case <-ctx.Done():
		return "", ctx.Err()
	case <-a.closed:
		return "", failure(CodeLocalClosed, "the LoopbackAuthorizer is closed")
	}
}

// serve answers the person's browser. What else is on this machine, or is led here
// by a page, cannot answer: it does not know the state.
func (a *LoopbackAuthorizer) serve(w http.ResponseWriter, r *http.Request) {
	for name, value := range map[string]string{
		"Cache-Control":           "no-store",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
		"Content-Type":            "text/html; charset=utf-8",
		"Referrer-Policy":         "no-referrer",
		"X-Content-Type-Options":  "nosniff",
	} {
		w.Header().Set(name, value)
	}
	say := func(status int, text string) {
		w.WriteHeader(status)
		fmt.Fprintf(w, "<!doctype html><html lang=\"en\"><title>%[1]s</title><p>%[1]s</p></html>\n", text)
	}
	// A name that was made to lead here is another host.
	if r.Host != a.host || r.URL.Path != a.opts.Path {
		say(http.StatusNotFound, "There is nothing here.")
		return
	}
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		say(http.StatusMethodNotAllowed, "This is no answer to a login.")
		return
	}
	query := r.URL.Query()
	if !query.Has("code") && !query.Has("error") || len(r.URL.RawQuery) > maxAnswerBytes/2 {
		say(http.StatusBadRequest, "This is no answer to a login.")
		return
	}
	state := query.Get("state")
	a.mu.Lock()
	answer := a.waiting[state]
	delete(a.waiting, state) // it is answered once
	a.mu.Unlock()
	if answer == nil {
		say(http.StatusBadRequest, "Nobody waits for this answer, or no longer. Begin again.")
		return
	}
	if query.Has("error") {
		say(http.StatusOK, "The login has ended without a permission. You can close this page.")
	} else {
		say(http.StatusOK, "Done. You can close this page, and go back to the program.")
	}
	// The program may end as soon as it has its answer.
	_ = http.NewResponseController(w).Flush()
	answer <- a.RedirectURL() + "?" + r.URL.RawQuery
}

var quietBrowser sync.Once

// OpenBrowser opens a page of http or https in the browser of the person at this
// machine. It may block until a browser that runs in a terminal is left.
func OpenBrowser(page string) error {
	u, err := url.Parse(page)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return failure(CodeLocalBadArgument, "not a page of http or https")
	}
	// What a browser says when it starts is not this program's output.
	quietBrowser.Do(func() { browser.Stdout, browser.Stderr = io.Discard, io.Discard })
	if err := browser.OpenURL(u.String()); err != nil {
		return errors.New("no browser can be opened") // what it is, is the system's
	}
	return nil
}
