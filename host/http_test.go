package host

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/remora-mcp/remora/internal/wire"
)

// A probe is a session on a fake guest through which a test makes HTTP requests
// and sees the frames that come of them.
type probe struct {
	t      testing.TB
	s      *Session
	guest  *fakeGuest
	frames chan wire.Frame // http.* frames, in order

	mu     sync.Mutex
	orders []wire.Frame
	nextID uint32
}

func newProbe(t testing.TB, url string, o *ConnectOptions, change ...func(*Options)) *probe {
	t.Helper()
	p := &probe{t: t, frames: make(chan wire.Frame, 100_000)}
	var opts Options
	for _, f := range change {
		f(&opts)
	}
	rt := fakeRuntime(t, opts, func(_ int, g *fakeGuest) {
		p.guest = g
		g.script = sound(func(g *fakeGuest, f wire.Frame) ([]wire.Frame, bool) {
			switch f.Kind {
			case wire.KindHTTPHead, wire.KindHTTPData, wire.KindHTTPEnd, wire.KindHTTPError:
				p.frames <- f
				return nil, true
			}
			if _, ok := onCommand(g.t, f, "ping"); !ok {
				return nil, false
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			out := append(p.orders, frameOf(wire.KindDone, f.ID, nil, "{}"))
			p.orders = nil
			return out, true
		})
	})
	p.s = connect(t, rt, url, o)
	return p
}

// say makes the guest say a frame.
func (p *probe) say(f wire.Frame) {
	p.t.Helper()
	p.mu.Lock()
	p.orders = append(p.orders, f)
	p.mu.Unlock()
	if err := p.s.Ping(context.Background(), nil); err != nil {
		p.t.Fatal(err)
	}
}

// start makes the guest ask for a request and returns its id.
func (p *probe) start(method, url, body string, credit int64, headers ...[2]string) uint32 {
	p.t.Helper()
	return p.startFor("mcp", method, url, body, credit, headers...)
}

func (p *probe) startFor(purpose, method, url, body string, credit int64, headers ...[2]string) uint32 {
	p.t.Helper()
	p.nextID++
	p.say(frameOf(wire.KindHTTPStart, p.nextID, wire.HTTPStart{
		Session: 1, Purpose: purpose, Method: method, URL: url, Headers: headers, Credit: credit,
	}, body))
	return p.nextID
}

func (p *probe) next() wire.Frame {
	p.t.Helper()
	select {
	case f := <-p.frames:
		return f
	case <-time.After(testTimeout):
		p.t.Fatal("no frame comes")
		return wire.Frame{}
	}
}

// An answer is what came of a request.
type answer struct {
	head wire.HTTPHead
	body string
	err  *wire.Error
}

func (a answer) header(name string) string {
	for _, h := range a.head.Headers {
		if strings.EqualFold(h[0], name) {
			return h[1]
		}
	}
	return ""
}

// do makes a request and reads its answer to the end.
func (p *probe) do(method, url, body string, headers ...[2]string) answer {
	p.t.Helper()
	return p.doFor("mcp", method, url, body, headers...)
}

func (p *probe) doFor(purpose, method, url, body string, headers ...[2]string) answer {
	p.t.Helper()
	p.startFor(purpose, method, url, body, 1<<20, headers...)
	var a answer
	for {
		switch f := p.next(); f.Kind {
		case wire.KindHTTPHead:
			a.head = into[wire.HTTPHead](p.t, f)
		case wire.KindHTTPData:
			a.body += string(f.Payload)
		case wire.KindHTTPEnd:
			return a
		case wire.KindHTTPError:
			a.err = into[wire.HTTPError](p.t, f).Error
			return a
		}
	}
}

// wantError fails the test if the answer is not that failure.
func wantError(t testing.TB, a answer, code Code, sent Sent) {
	t.Helper()
	if a.err == nil || a.err.Code != code || a.err.Sent != sent {
		t.Errorf("got %+v (status %d), want %s with sent %q", a.err, a.head.Status, code, sent)
	}
}

func TestHTTPExchange(t *testing.T) {
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Set-Cookie", "a=b")
		w.Header().Add("X-Twice", "1")
		w.Header().Add("X-Twice", "2")
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprintf(w, "%s %s %s %s|%s|%s", r.Method, r.URL, r.Header.Get("Mcp-Session-Id"), r.Header.Get("Content-Type"), r.UserAgent(), body)
	}))
	p := newProbe(t, url, nil)
	a := p.do("POST", url+"/x?q=1", "hello", [2]string{"Mcp-Session-Id", "s1"}, [2]string{"Content-Type", "application/json"})
	if want := "POST /x?q=1 s1 application/json|remora/" + wire.Version + "|hello"; a.err != nil || a.head.Status != 202 || a.body != want {
		t.Errorf("got %d %q %v, want %q", a.head.Status, a.body, a.err, want)
	}
	twice := 0
	for _, h := range a.head.Headers {
		if h[0] == "X-Twice" {
			twice++
		}
	}
	if twice != 2 || a.header("Set-Cookie") != "" {
		t.Errorf("headers %v", a.head.Headers)
	}
	a = p.do("DELETE", url, "")
	if a.err != nil || !strings.HasPrefix(a.body, "DELETE / ") {
		t.Errorf("DELETE: %+v", a)
	}
}

// A small answer is one batch: with the step that asks, two in all.
func TestSmallAnswerIsOneStep(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"length known": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") },
		"chunked": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			_ = http.NewResponseController(w).Flush()
			fmt.Fprint(w, "data: {}\n\n")
		},
		"empty": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) },
	} {
		t.Run(name, func(t *testing.T) {
			url := serve(t, h)
			p := newProbe(t, url, nil)
			best := int64(1 << 30)
			for range 20 {
				before := p.guest.steps.Load()
				if a := p.do("POST", url, "{}"); a.err != nil {
					t.Fatal(a.err)
				}
				best = min(best, p.guest.steps.Load()-before)
			}
			if best != 2 {
				t.Errorf("a small call took %d steps at best, want 2", best)
			}
		})
	}
}

// The embedder stops reading when credit is used up, so that the server's
// writes block: nothing piles up on this side.
func TestCreditHoldsTheServerBack(t *testing.T) {
	const total, credit = 30 << 20, 256 << 10
	var written atomic.Int64
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		chunk := make([]byte, 64<<10)
		for written.Load() < total {
			n, err := w.Write(chunk)
			written.Add(int64(n))
			if err != nil {
				return
			}
		}
	}))
	p := newProbe(t, url, nil)
	id := p.start("GET", url, "", credit)
	if f := p.next(); f.Kind != wire.KindHTTPHead {
		t.Fatalf("got %v", f.Kind)
	}
	got, given := 0, credit
	for got < total {
		f := p.next()
		switch f.Kind {
		case wire.KindHTTPData:
			got += len(f.Payload)
			if got > given {
				t.Fatalf("%d bytes were delivered with a credit of %d", got, given)
			}
		default:
			t.Fatalf("after %d bytes: %v", got, f.Kind)
		}
		if got < given {
			continue
		}
		if got == credit {
			// The consumer is slow. What the server could write meanwhile is in
			// the kernel's buffers, which is far less than the body.
			stalled := written.Load()
			for {
				time.Sleep(50 * time.Millisecond)
				now := written.Load()
				if now == stalled {
					break
				}
				stalled = now
			}
			if stalled >= total/2 {
				t.Fatalf("the server wrote %d bytes while the consumer had taken %d", stalled, got)
			}
		}
		given += credit
		p.say(frameOf(wire.KindHTTPMore, id, wire.HTTPMore{Credit: credit}, ""))
	}
	if f := p.next(); f.Kind != wire.KindHTTPEnd {
		t.Errorf("at the end: %v", f.Kind)
	}
}

func TestAbortEndsTheConnectionAndTheFrames(t *testing.T) {
	gone := make(chan struct{})
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "first")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(gone)
	}))
	p := newProbe(t, url, nil)
	id := p.start("GET", url, "", 1000)
	p.next()
	p.next()
	p.say(frameOf(wire.KindHTTPAbort, id, wire.HTTPAbort{}, ""))
	select {
	case <-gone:
	case <-time.After(testTimeout):
		t.Fatal("the connection is still open")
	}
	if err := p.s.Ping(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	select {
	case f := <-p.frames:
		t.Errorf("%v came after the abort", f.Kind)
	default:
	}
	d := p.s.current().d
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.exchanges) != 0 {
		t.Errorf("%d exchanges are still known", len(d.exchanges))
	}
}

func TestNetworkErrors(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	refused := closed.URL
	closed.Close()

	var executed atomic.Int32
	cut := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		executed.Add(1)
		switch r.URL.Path {
		case "/before":
			panic(http.ErrAbortHandler)
		case "/nonsense":
			conn, rw, _ := http.NewResponseController(w).Hijack()
			_, _ = rw.WriteString("SSH-2.0-" + strings.Repeat("x", 5000) + "\r\n")
			_ = rw.Flush()
			_ = conn.Close()
		default:
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "half")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
	}))
	t.Run("refused", func(t *testing.T) {
		a := newProbe(t, refused, nil).do("POST", refused+"/?key=secret", "{}")
		wantError(t, a, CodeHTTPNetwork, SentNo)
		if a.err != nil && (!a.err.Retryable || strings.Contains(a.err.Message, "secret")) {
			t.Errorf("%+v", a.err)
		}
	})
	t.Run("no such name", func(t *testing.T) {
		url := "http://nowhere.invalid/mcp"
		wantError(t, newProbe(t, url, nil).do("POST", url, "{}"), CodeHTTPNetwork, SentNo)
	})
	t.Run("TLS refused", func(t *testing.T) {
		ts := httptest.NewUnstartedServer(http.NotFoundHandler())
		ts.Config.ErrorLog = nil
		ts.StartTLS()
		defer ts.Close()
		wantError(t, newProbe(t, ts.URL, nil).do("POST", ts.URL, "{}"), CodeHTTPNetwork, SentNo)
	})
	for _, path := range []string{"/before", "/middle", "/nonsense"} {
		t.Run(path[1:], func(t *testing.T) {
			p := newProbe(t, cut, nil)
			before := executed.Load()
			a := p.do("POST", cut+path+"?key=secret", "{}")
			wantError(t, a, CodeHTTPNetwork, SentUnknown)
			if n := executed.Load() - before; n != 1 {
				t.Errorf("the request was executed %d times", n)
			}
			if a.err != nil && (len(a.err.Message) > 400 || strings.Contains(a.err.Message, "secret") || a.err.Retryable) {
				t.Errorf("%+v", a.err)
			}
		})
	}
}

func TestRedirects(t *testing.T) {
	other := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "other %s [%s] [%s] [%s]", body, r.Header.Get("Authorization"), r.Header.Get("X-Key"), r.Header.Get("Mcp-Method"))
	}))
	var hits atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("/to/{status}/{where}", func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		where := map[string]string{"end": "/end", "other": other + "/x", "self": r.URL.Path, "secret": "https://user:pw@example.com/", "file": "file:///etc/passwd", "bad": "http://[::1"}[r.PathValue("where")]
		w.Header().Set("Location", where)
		var status int
		_, _ = fmt.Sscan(r.PathValue("status"), &status)
		w.WriteHeader(status)
	})
	mux.HandleFunc("/end", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "end %s %s [%s] [%s]", r.Method, body, r.Header.Get("Authorization"), r.Header.Get("X-Key"))
	})
	mux.HandleFunc("/plain", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusFound) })
	url := serve(t, mux)
	creds := func() *ConnectOptions {
		return &ConnectOptions{
			Headers: http.Header{"X-Key": {"k"}},
			Token:   func(context.Context) (string, error) { return "t", nil },
		}
	}
	allowed := creds()
	allowed.Policy.Origins = []string{other}
	for _, tt := range []struct {
		name, method, path string
		options            *ConnectOptions
		body               string
		code               Code
		hits               int32
	}{
		{"POST 307 keeps the body", "POST", "/to/307/end", creds(), "end POST b [Bearer t] [k]", "", 1},
		{"POST 308 keeps the body", "POST", "/to/308/end", creds(), "end POST b [Bearer t] [k]", "", 1},
		{"POST 301", "POST", "/to/301/end", creds(), "", CodePolicyRedirect, 1},
		{"POST 302", "POST", "/to/302/end", creds(), "", CodePolicyRedirect, 1},
		{"POST 303", "POST", "/to/303/end", creds(), "", CodePolicyRedirect, 1},
		{"DELETE 302", "DELETE", "/to/302/end", creds(), "", CodePolicyRedirect, 1},
		{"GET 302", "GET", "/to/302/end", creds(), "end GET  [Bearer t] [k]", "", 1},
		{"too many", "GET", "/to/302/self", creds(), "", CodePolicyRedirect, maxRedirects + 1},
		{"other origin", "POST", "/to/307/other", creds(), "", CodePolicyOrigin, 1},
		{"other origin allowed gets no credentials", "POST", "/to/307/other", allowed, "other b [] [] [tools/call]", "", 1},
		{"with a password", "GET", "/to/302/secret", creds(), "", CodePolicyOrigin, 1},
		{"not http", "GET", "/to/302/file", creds(), "", CodePolicyOrigin, 1},
		{"not a URL", "GET", "/to/302/bad", creds(), "", CodePolicyRedirect, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newProbe(t, url, tt.options)
			hits.Store(0)
			body := "b"
			if tt.method == "GET" {
				body = ""
			}
			a := p.do(tt.method, url+tt.path, body, [2]string{"Mcp-Method", "tools/call"})
			if tt.code != "" {
				wantError(t, a, tt.code, SentYes)
				if a.err != nil && strings.Contains(a.err.Message, "pw") {
					t.Errorf("the message quotes a password: %s", a.err.Message)
				}
			} else if a.err != nil || a.body != tt.body {
				t.Errorf("got %q %v, want %q", a.body, a.err, tt.body)
			}
			if hits.Load() != tt.hits {
				t.Errorf("the server was asked %d times, want %d", hits.Load(), tt.hits)
			}
		})
	}
	t.Run("no location is no redirect", func(t *testing.T) {
		if a := newProbe(t, url, nil).do("POST", url+"/plain", "b"); a.err != nil || a.head.Status != 302 {
			t.Errorf("%+v", a)
		}
	})
	t.Run("https to http", func(t *testing.T) {
		ts := httptest.NewTLSServer(http.RedirectHandler(url+"/end", http.StatusTemporaryRedirect))
		defer ts.Close()
		p := newProbe(t, ts.URL, nil, trust(ts))
		wantError(t, p.do("POST", ts.URL, "b"), CodePolicyRedirect, SentYes)
	})
	t.Run("a first request elsewhere", func(t *testing.T) {
		p := newProbe(t, url, creds())
		wantError(t, p.do("POST", other, "b"), CodePolicyOrigin, SentNo)
		wantError(t, p.do("POST", "file:///etc/passwd", "b"), CodePolicyOrigin, SentNo)
		wantError(t, p.do("POST", "http://%zz/", "b"), CodeLocalBadURL, SentNo)
	})
}

// trust makes the runtime trust a test server's certificate.
func trust(ts *httptest.Server) func(*Options) {
	return func(o *Options) {
		o.HTTP.TLSClientConfig = ts.Client().Transport.(*http.Transport).TLSClientConfig
	}
}

func TestHTTP2AndTLS(t *testing.T) {
	ts := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) }))
	ts.EnableHTTP2 = true
	ts.StartTLS()
	defer ts.Close()
	if a := newProbe(t, ts.URL, nil, trust(ts)).do("GET", ts.URL, ""); a.body != "HTTP/2.0" {
		t.Errorf("got %+v", a)
	}
	old := func(o *Options) { o.HTTP.TLSClientConfig.MaxVersion = tls.VersionTLS11 }
	wantError(t, newProbe(t, ts.URL, nil, trust(ts), old).do("GET", ts.URL, ""), CodeHTTPNetwork, SentNo)
}

func TestAnswerHeadersAreBounded(t *testing.T) {
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := 60 << 10 // received, and too much for a frame once encoded
		if r.URL.Path == "/huge" {
			n = 1 << 20
		}
		w.Header().Set("X-Big", strings.Repeat("\"", n))
	}))
	p := newProbe(t, url, nil)
	wantError(t, p.do("GET", url+"/", ""), CodeLocalTooLarge, SentYes)
	wantError(t, p.do("GET", url+"/huge", ""), CodeHTTPNetwork, SentUnknown)
}

func TestProxyIsOptIn(t *testing.T) {
	proxy := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "proxy for %s", r.URL) }))
	t.Setenv("HTTP_PROXY", proxy)
	t.Setenv("http_proxy", proxy)
	base := "http://nowhere.invalid/mcp"
	wantError(t, newProbe(t, base, nil).do("GET", base, ""), CodeHTTPNetwork, SentNo)

	through := func(o *Options) {
		o.HTTP.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(proxy) }
	}
	if a := newProbe(t, base, nil, through).do("GET", base, ""); a.body != "proxy for "+base {
		t.Errorf("through the proxy: %+v", a)
	}
	literal := "http://127.0.0.1:1/"
	p := newProbe(t, base, &ConnectOptions{Policy: Policy{Origins: []string{literal}}}, through)
	wantError(t, p.do("GET", literal, ""), CodePolicyPrivateAddress, SentNo)
}

func TestRequestsWithoutTheirSession(t *testing.T) {
	p := newProbe(t, "http://127.0.0.1:1/", nil)
	p.nextID++
	p.say(frameOf(wire.KindHTTPStart, p.nextID, wire.HTTPStart{Session: 99, Method: "GET", URL: "http://127.0.0.1:1/", Credit: 1}, ""))
	f := p.next()
	if f.Kind != wire.KindHTTPError || into[wire.HTTPError](t, f).Error.Code != CodeLocalClosed {
		t.Errorf("got %v %s", f.Kind, f.Header)
	}
}

func TestRequestsOfAChannel(t *testing.T) {
	p := newProbe(t, "http://127.0.0.1:1/", nil)
	p.s.net = nil // what a session over a channel has
	wantError(t, p.do("GET", "http://127.0.0.1:1/", ""), CodePolicyOrigin, SentNo)
}

func TestRequestsThatCannotBeMade(t *testing.T) {
	url := serve(t, http.NotFoundHandler())
	p := newProbe(t, url, nil)
	wantError(t, p.do("BAD METHOD", url, ""), CodeLocalBadArgument, SentNo)
	wantError(t, p.do("GET", url, "", [2]string{"X-Split", "a\r\nb"}), CodeLocalBadArgument, SentNo)
	wantError(t, p.do("GET", url, "", [2]string{"bad name", "a"}), CodeLocalBadArgument, SentNo)
}

func TestTrapAbortsExchanges(t *testing.T) {
	gone := make(chan struct{})
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(gone)
	}))
	p := newProbe(t, url, nil)
	p.start("GET", url, "", 1000)
	p.next()
	p.guest.trap()
	if err := p.s.Ping(t.Context(), nil); !errors.Is(err, &Error{Code: CodePluginTrap}) {
		t.Errorf("got %v", err)
	}
	select {
	case <-gone:
	case <-time.After(testTimeout):
		t.Error("the connection is still open")
	}
}

// A frame that may wait for others is handed over although the driver was woken
// for nothing before.
func TestLingeringFrameIsNotForgotten(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-release
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	p := newProbe(t, url, nil)
	p.start("GET", url, "", 1000)
	<-arrived
	d := p.s.current().d
	d.mu.Lock()
	d.signalLocked()
	d.mu.Unlock()
	eventually(t, "the driver sleeps again", func() bool { return len(d.wake) == 0 })
	close(release)
	if f := p.next(); f.Kind != wire.KindHTTPHead {
		t.Errorf("got %v", f.Kind)
	}
}
