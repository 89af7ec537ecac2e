package porttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

// HTTP runs the contract of port.HTTP against the ports that open returns, a
// fresh one for each case.
func HTTP(t *testing.T, open func(t *testing.T) port.HTTP) {
	cases := []struct {
		name string
		run  func(t *testing.T, p port.HTTP)
	}{
		{"carries method, headers and body", carries},
		{"a status is no error", statusIsNoError},
		{"does not follow redirects", redirectIsAnswer},
		{"streams while the server still speaks", streams},
		{"a large body arrives whole", largeBody},
		{"the context ends a wait for the head", contextEndsHead},
		{"the context ends a read of the body", contextEndsBody},
		{"closing a body gives the connection up", closeGivesUp},
		{"a refused connection is a wire error", refused},
		{"a cut body is a wire error", cutBody},
		{"exchanges do not wait for each other", concurrent},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

func serve(t *testing.T, h http.HandlerFunc) string {
	s := httptest.NewServer(h)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s.URL
}

func get(url string) *port.Request {
	return &port.Request{Session: 1, Purpose: port.PurposeMCP, Method: http.MethodGet, URL: url, Header: http.Header{}}
}

// deadline bounds what must not hang.
func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func mustDo(t *testing.T, p port.HTTP, req *port.Request) *port.Response {
	t.Helper()
	resp, err := p.Do(deadline(t), req)
	if err != nil {
		t.Fatalf("Do: %v", err)
	}
	return resp
}

func carries(t *testing.T, p port.HTTP) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Add("X-Two", "a")
		w.Header().Add("X-Two", "b")
		fmt.Fprintf(w, "%s %s %s", r.Method, strings.Join(r.Header.Values("X-In"), ","), body)
	})
	resp := mustDo(t, p, &port.Request{Method: http.MethodPost, URL: url, Header: http.Header{"X-In": {"1", "2"}}, Body: []byte("\x00\xff body")})
	got, err := io.ReadAll(resp.Body)
	if want := "POST 1,2 \x00\xff body"; string(got) != want || err != nil {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	if got := strings.Join(resp.Header.Values("X-Two"), ","); got != "a,b" {
		t.Errorf("repeated header: got %q, want a,b", got)
	}
}

func statusIsNoError(t *testing.T, p port.HTTP) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", http.StatusTeapot) })
	resp := mustDo(t, p, get(url))
	got, err := io.ReadAll(resp.Body)
	if resp.Status != http.StatusTeapot || string(got) != "no\n" || err != nil {
		t.Errorf("got %d %q %v", resp.Status, got, err)
	}
}

func redirectIsAnswer(t *testing.T, p port.HTTP) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) })
	resp := mustDo(t, p, get(url))
	resp.Body.Close()
	if resp.Status != http.StatusFound {
		t.Errorf("status %d, want 302", resp.Status)
	}
}

func streams(t *testing.T, p port.HTTP) {
	next := make(chan string)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		for piece := range next {
			fmt.Fprint(w, piece)
			w.(http.Flusher).Flush()
		}
	})
	resp := mustDo(t, p, get(url))
	buf := make([]byte, 16)
	for _, piece := range []string{"one", "two"} {
		next <- piece
		n, err := io.ReadFull(resp.Body, buf[:len(piece)])
		if string(buf[:n]) != piece || err != nil {
			t.Fatalf("got %q, %v; want %q", buf[:n], err, piece)
		}
	}
	close(next)
	if n, err := resp.Body.Read(buf); n != 0 || err != io.EOF {
		t.Errorf("at the end: %d, %v; want io.EOF", n, err)
	}
}

func largeBody(t *testing.T, p port.HTTP) {
	want := bytes.Repeat([]byte("0123456789abcdef"), 3<<16) // 3 MiB, more than any credit
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(want) })
	got, err := io.ReadAll(mustDo(t, p, get(url)).Body)
	if !bytes.Equal(got, want) || err != nil {
		t.Errorf("got %d bytes, %v; want %d", len(got), err, len(want))
	}
}

func contextEndsHead(t *testing.T, p port.HTTP) {
	started, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		close(started)
		<-release
	})
	ctx, cancel := context.WithCancel(deadline(t))
	go func() {
		<-started
		cancel()
	}()
	if _, err := p.Do(ctx, get(url)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func contextEndsBody(t *testing.T, p port.HTTP) {
	gone := make(chan struct{})
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		close(gone)
	})
	ctx, cancel := context.WithCancel(deadline(t))
	resp, err := p.Do(ctx, get(url))
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := resp.Body.Read(make([]byte, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	await(t, gone, "the server sees the connection close")
}

func closeGivesUp(t *testing.T, p port.HTTP) {
	gone := make(chan struct{})
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		close(gone)
	})
	mustDo(t, p, get(url)).Body.Close()
	await(t, gone, "the server sees the connection close")
}

func refused(t *testing.T, p port.HTTP) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	l.Close()
	_, err = p.Do(deadline(t), get(url))
	var werr *wire.Error
	if !errors.As(err, &werr) || werr.Code != wire.CodeHTTPNetwork {
		t.Errorf("got %v, want http/network", err)
	}
}

func cutBody(t *testing.T, p port.HTTP) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "some of it")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	got, err := io.ReadAll(mustDo(t, p, get(url)).Body)
	var werr *wire.Error
	if string(got) != "some of it" || !errors.As(err, &werr) || werr.Code != wire.CodeHTTPNetwork || werr.Sent == wire.SentNo {
		t.Errorf("got %q, %v; want the beginning and http/network", got, err)
	}
}

func concurrent(t *testing.T, p port.HTTP) {
	const n = 8
	var arrived sync.WaitGroup
	arrived.Add(n)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		arrived.Done()
		arrived.Wait()
	})
	ctx := deadline(t)
	results := make(chan error, n)
	for range n {
		go func() {
			resp, err := p.Do(ctx, get(url))
			if err == nil {
				err = resp.Body.Close()
			}
			results <- err
		}()
	}
	for range n {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}

func await(t *testing.T, done <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Errorf("not within 20 s: %s", what)
	}
}
