package host

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/oauthex"
)

// The purposes of requests (wire.HTTPStart.Purpose).
const (
	purposeMCP   = "mcp"   // the server itself
	purposeOAuth = "oauth" // what leads to a token
)

const (
	// maxMetadataBytes bounds an answer that is looked at for origins.
	maxMetadataBytes = 256 << 10
	// maxTokenOrigins bounds the origins that a server's metadata can add.
	maxTokenOrigins = 64
)

// checkTokenURL decides whether a request that leads to a token may go to u: to
// where every request may go, and to the origins that learn let in.
func (p *policy) checkTokenURL(u *url.URL) *Error {
	if e := p.checkURL(u); e == nil {
		return nil
	}
	if !p.mayLearn(u) {
		return failure(CodePolicyOrigin, "a request for a token goes to https, or beside a server on loopback to http there: not to %s", origin(u))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.learned[origin(u)] {
		return failure(CodePolicyOrigin, "a session with %s may not ask %s for a token: the server's metadata does not name it", p.own, origin(u))
	}
	return nil
}

// mayLearn reports whether an address is of a kind that metadata can let in.
func (p *policy) mayLearn(u *url.URL) bool {
	if u.Hostname() == "" || u.User != nil || u.Opaque != "" {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && p.loopback && isLoopbackHost(u.Hostname())
}

// isLoopbackHost reports whether a host is written as one of this machine.
func isLoopbackHost(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().WithZone("").IsLoopback()
}

// learn lets requests for a token reach the origins of these URLs.
func (p *policy) learn(raw ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range raw {
		u, err := url.Parse(r)
		if err != nil || !p.mayLearn(u) || len(p.learned) >= maxTokenOrigins {
			continue
		}
		if p.learned == nil {
			p.learned = make(map[string]bool)
		}
		p.learned[origin(u)] = true
	}
}

// learnChallenge learns where the server's metadata is, of an answer of the
// server's own (RFC 9728, section 5.1).
func (p *policy) learnChallenge(resp *http.Response) {
	if resp.StatusCode != http.StatusUnauthorized && resp.StatusCode != http.StatusForbidden {
		return
	}
	for _, header := range resp.Header.Values("WWW-Authenticate") {
		challenges, err := oauthex.ParseWWWAuthenticate([]string{header})
		if err != nil {
			continue
		}
		for _, c := range challenges {
			p.learn(c.Params["resource_metadata"])
		}
	}
}

// learnMetadata learns which authorization servers a server names (RFC 9728,
// section 2), and which endpoints such a server has (RFC 8414, section 2).
func (p *policy) learnMetadata(document []byte) {
	var members map[string]json.RawMessage
	if json.Unmarshal(document, &members) != nil {
		return
	}
	for name, raw := range members {
		var one string
		var several []string
		switch {
		case name == "authorization_servers" && json.Unmarshal(raw, &several) == nil:
			p.learn(several...)
		case (name == "issuer" || strings.HasSuffix(name, "_endpoint")) && json.Unmarshal(raw, &one) == nil:
			p.learn(one)
		}
	}
}

// learnFrom looks at an answer before the plugin gets it, which may go on as soon
// as it has the last byte that it needs. It returns the body to be delivered.
func (x *exchange) learnFrom(resp *http.Response, target *url.URL) io.Reader {
	if x.start.Purpose != purposeOAuth {
		if x.net.policy.isOwn(target) {
			x.net.policy.learnChallenge(resp)
		}
		return resp.Body
	}
	if x.start.Method != http.MethodGet || resp.StatusCode != http.StatusOK {
		return resp.Body
	}
	document, err := io.ReadAll(io.LimitReader(resp.Body, maxMetadataBytes+1))
	if err == nil && len(document) <= maxMetadataBytes {
		x.net.policy.learnMetadata(document)
	}
	rest := io.Reader(resp.Body)
	if err != nil {
		rest = failedReader{err}
	}
	return io.MultiReader(bytes.NewReader(document), rest)
}

// failedReader says again how reading failed.
type failedReader struct{ err error }

func (r failedReader) Read([]byte) (int, error) { return 0, r.err }

// locate finds out where the server is, for a request for a token that comes
// before any to the server.
func (n *network) locate(ctx context.Context) {
	p := n.policy
	p.mu.Lock()
	known := p.known
	p.mu.Unlock()
	if known || n.proxied {
		return
	}
	var addresses []netip.Addr
	if a, err := netip.ParseAddr(p.ownHost); err == nil {
		addresses = []netip.Addr{a}
	} else {
		resolver := n.resolver
		if resolver == nil {
			resolver = net.DefaultResolver
		}
		if addresses, err = resolver.LookupNetIP(ctx, "ip", p.ownHost); err != nil {
			return // the request is then judged without
		}
	}
	for _, a := range addresses {
		if classify(a) != classify(addresses[0]) {
			return
		}
	}
	if len(addresses) > 0 {
		p.noteServer(p.ownHost, addresses[0])
	}
}
