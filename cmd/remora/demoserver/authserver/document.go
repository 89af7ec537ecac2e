package authserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// Bounds of a client's metadata document.
const (
	maxDocumentBytes = 5 << 10 // draft-ietf-oauth-client-id-metadata-document, section 6.6
	documentTimeout  = 5 * time.Second
	maxClientID      = 2048
)

// fetcher gets metadata documents, wherever a stranger says that they are: from
// public addresses and, because this server is for trying things, loopback ones,
// through no proxy and without following a redirect.
var fetcher = &http.Client{
	Timeout:       documentTimeout,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: (&net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return err
			}
			if ip := to.Addr().Unmap(); !ip.IsLoopback() && (!ip.IsGlobalUnicast() || ip.IsPrivate()) {
				return errors.New("the address is private")
			}
			return nil
		}}).DialContext,
	},
}

// client returns the client of that id: one that is registered, or one whose id
// is the URL of its metadata document
// (draft-ietf-oauth-client-id-metadata-document).
func (s *Server) client(ctx context.Context, id string) (*Client, *failure) {
	s.mu.Lock()
	known := s.clients[id]
	s.mu.Unlock()
	if known != nil {
		return known, nil
	}
	u, err := url.Parse(id)
	isURL := err == nil && len(id) <= maxClientID && u.Path != "" && u.Path != "/" && u.Fragment == "" && u.User == nil &&
		(u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()))
	if !isURL {
		return nil, refused("invalid_client", "the client is not registered")
	}
	c, err := document(ctx, id)
	if err != nil {
		return nil, refused("invalid_client", "the client's metadata document: "+err.Error())
	}
	s.mu.Lock()
	s.count(func(n *Counts) { n.Documents++ })
	s.mu.Unlock()
	return c, nil
}

// document fetches a client's metadata document and checks it.
func document(ctx context.Context, id string) (*Client, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, id, nil)
	if err != nil {
		return nil, err
	}
	answer, err := fetcher.Do(r)
	if err != nil {
		return nil, errors.New("it cannot be fetched")
	}
	defer answer.Body.Close()
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if answer.StatusCode != http.StatusOK || kind != "application/json" && !strings.HasSuffix(kind, "+json") {
		return nil, fmt.Errorf("status %d, type %q", answer.StatusCode, kind)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxDocumentBytes+1))
	if err != nil || len(body) > maxDocumentBytes {
		return nil, errors.New("it is longer than 5 KiB, or broke off")
	}
	var c Client
	if err := json.Unmarshal(body, &c); err != nil {
		return nil, errors.New("it is not client metadata")
	}
	if c.ID != id {
		return nil, errors.New("its client_id is not its URL")
	}
	if c.AuthMethod == "" {
		c.AuthMethod = AuthNone
	}
	if c.Secret != "" || c.AuthMethod != AuthNone {
		return nil, errors.New("such a client has no secret")
	}
	if f := c.complete(); f != nil {
		return nil, f
	}
	return &c, nil
}
