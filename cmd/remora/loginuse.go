package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"

	"github.com/spf13/cobra"

	"github.com/remora-mcp/remora/host"
)

// keptAuth returns the options of the login that is kept for a server; nil if there
// is none, or if headers have an Authorization of the person's own.
func (f *serverFlags) keptAuth(cmd *cobra.Command, server string, headers http.Header) (*host.AuthOptions, error) {
	if headers.Get("Authorization") != "" {
		return nil, nil
	}
	if err := f.store.check(); err != nil {
		return nil, err
	}
	ctx := cmd.Context()
	if !f.storesRead {
		var err error
		if f.stores, err = f.store.existing(ctx, f.sayTo(cmd.ErrOrStderr())); err != nil {
			return nil, err
		}
		f.storesRead = true
	}
	if u, err := url.Parse(server); err != nil || u.Scheme != "http" && u.Scheme != "https" || len(f.stores) == 0 {
		return nil, nil // what is no URL is refused when it is connected to
	}
	kept, store, err := findLogin(ctx, f.stores, server)
	if err != nil || kept == nil {
		return nil, err
	}
	return kept.options(store)
}

// wantsLogin says in an error about credentials what can be done about it.
func wantsLogin(err error, server string) error {
	var e *host.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code {
	case host.CodeAuthRequired, host.CodeAuthRefreshFailed, host.CodeAuthInsufficientScope:
	default:
		return err
	}
	command := "remora login " + withoutQuery(server)
	if c, ok := host.AsChallenge(err); ok && c.Error == "insufficient_scope" {
		for _, scope := range c.Scopes {
			command = "remora login --scope " + scope + command[len("remora login"):]
		}
	}
	return &spokenError{fmt.Sprintf("%v; to log in: %s", err, oneLine(command, 400)), err}
}

// A browserLogin has a person log in: with the browser of this machine, or with
// another whose address is pasted.
type browserLogin struct {
	loopback  *host.LoopbackAuthorizer
	paste     *host.PasteAuthorizer
	noBrowser bool
	out       io.Writer
	// awaited has a channel for each page that is to be shown, by its URL, which is
	// closed when its answer is waited for.
	awaited sync.Map
}

// newBrowserLogin listens on port, if that is free, otherwise on another.
func newBrowserLogin(port int, noBrowser bool, in io.Reader, out io.Writer) (*browserLogin, error) {
	b := &browserLogin{paste: host.NewPasteAuthorizer(in, out), noBrowser: noBrowser, out: out}
	options := host.LoopbackOptions{Port: port, Open: func(page string) error {
		if awaited, ok := b.awaited.LoadAndDelete(page); ok {
			close(awaited.(chan struct{}))
		}
		return nil
	}}
	loopback, err := host.NewLoopbackAuthorizer(&options)
	if err != nil && port != 0 {
		options.Port = 0
		loopback, err = host.NewLoopbackAuthorizer(&options)
	}
	if err != nil {
		return nil, err
	}
	b.loopback = loopback
	return b, nil
}

func (b *browserLogin) close() { _ = b.loopback.Close() }

func (b *browserLogin) port() int {
	u, err := url.Parse(b.loopback.RedirectURL())
	if err != nil {
		return 0
	}
	port, _ := strconv.Atoi(u.Port())
	return port
}

// authorize is the login's host.AuthOptions.Authorize. The first answer counts,
// from wherever it comes.
func (b *browserLogin) authorize(ctx context.Context, r host.AuthorizeRequest) (string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pasted, awaited := make(chan string, 1), make(chan struct{})
	b.awaited.Store(r.URL, awaited)
	go func() {
		select {
		case <-awaited: // nobody is back before
		case <-ctx.Done():
			return
		}
		if !b.noBrowser {
			fmt.Fprintf(b.out, "remora: logging in at %s\n", oneLine(r.Issuer, 200))
			if host.OpenBrowser(r.URL) == nil {
				fmt.Fprintf(b.out, "remora: if no page has opened in the browser, open this one:\n\n  %s\n\n", r.URL)
				return
			}
		}
		// What is not pasted may still come back to the port.
		if back, err := b.paste.Authorize(ctx, r); err == nil {
			pasted <- back
		}
	}()
	type answer struct {
		back string
		err  error
	}
	came := make(chan answer, 1)
	go func() {
		back, err := b.loopback.Authorize(ctx, r)
		came <- answer{back, err}
	}()
	select {
	case back := <-pasted:
		return back, nil
	case a := <-came:
		return a.back, a.err
	}
}
