package host

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"syscall"
)

// A Policy says what the requests of a session may reach. Each request and each
// hop of a redirect is checked before anything is sent. The zero value allows
// the server's own origin (scheme, host and port of the URL given to Connect)
// and nothing else.
//
// Whatever the policy says, a session with an https server never sends a
// request over http.
//
// Requests that lead to a token (ConnectOptions.Auth) may also reach the origins
// of https that the server's metadata names, as far as it was seen to name them:
// where it says that its metadata is (RFC 9728), its authorization servers, and
// their endpoints (RFC 8414); and those that AuthOptions name. They get none of
// the session's headers and tokens, and one that is not a GET follows no redirect.
// Beside a server on loopback they may be http on loopback too.
type Policy struct {
	// Origins are further origins that may be reached, as "https://host" or
	// "https://host:port". They get none of the session's headers and tokens.
	Origins []string
	// PrivateAddresses says whether names may lead to addresses that are not on
	// the public internet.
	PrivateAddresses PrivateAddresses
}

// PrivateAddresses is a rule about addresses that are not on the public
// internet: loopback, link-local, private and otherwise reserved ones. It is
// checked against the address that is dialled, after names are resolved.
type PrivateAddresses int

const (
	// PrivateIfServer allows such addresses only if the server itself is there,
	// and then only of the same kind: a server on loopback may be reached on
	// loopback. A name that led to a public address when the session first
	// connected cannot lead to another kind later. This is the default.
	PrivateIfServer PrivateAddresses = iota
	// PrivateNever allows public addresses only, the server's included.
	PrivateNever
	// PrivateAlways makes no difference between addresses.
	PrivateAlways
)

// origin returns the origin of u in the one form used for comparison: lower
// case, without the scheme's default port.
func origin(u *url.URL) string {
	scheme := strings.ToLower(u.Scheme)
	host := strings.ToLower(u.Hostname())
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	port := u.Port()
	if port == "" || scheme == "https" && port == "443" || scheme == "http" && port == "80" {
		return scheme + "://" + host
	}
	return scheme + "://" + host + ":" + port
}

// parseServerURL checks the URL given to Connect.
func parseServerURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		// The parser's message quotes the URL, which may hold a key.
		return nil, failure(CodeLocalBadURL, "the server's URL cannot be parsed")
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, failure(CodeLocalBadURL, "the server's URL must begin with https:// or http://, for a session also wss:// or ws://")
	case u.Hostname() == "" || u.Opaque != "":
		return nil, failure(CodeLocalBadURL, "the server's URL names no host")
	case u.User != nil:
		return nil, failure(CodeLocalBadURL, "the server's URL holds a user name or password: give credentials in ConnectOptions.Headers or Token")
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

// policy is a Policy in force for one session.
type policy struct {
	own      string // the server's origin
	ownHost  string
	secure   bool // the server is https
	loopback bool // the server is http, and its URL says that it is on this machine
	origins  map[string]bool
	private  PrivateAddresses

	mu      sync.Mutex
	known   bool            // the server has been reached, so
	class   addrClass       // this is where it is
	learned map[string]bool // origins that requests for a token may reach besides
}

func newPolicy(server *url.URL, p Policy) (*policy, error) {
	if p.PrivateAddresses < PrivateIfServer || p.PrivateAddresses > PrivateAlways {
		return nil, failure(CodeLocalBadArgument, "Policy.PrivateAddresses has the unknown value %d", p.PrivateAddresses)
	}
	out := &policy{
		own:      origin(server),
		ownHost:  strings.ToLower(server.Hostname()),
		secure:   server.Scheme == "https",
		loopback: server.Scheme == "http" && isLoopbackHost(server.Hostname()),
		origins:  map[string]bool{origin(server): true},
		private:  p.PrivateAddresses,
	}
	for _, o := range p.Origins {
		u, err := url.Parse(o)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil ||
			u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
			return nil, failure(CodeLocalBadArgument, "Policy.Origins: an entry is not an origin such as https://example.com")
		}
		if out.secure && u.Scheme == "http" {
			return nil, failure(CodeLocalBadArgument, "Policy.Origins: %s is not allowed beside a server on https", origin(u))
		}
		out.origins[origin(u)] = true
	}
	return out, nil
}

// checkURL decides whether a request may go to u.
func (p *policy) checkURL(u *url.URL) *Error {
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return failure(CodePolicyOrigin, "not an http or https address of a host")
	}
	o := origin(u)
	if p.secure && u.Scheme != "https" {
		return failure(CodePolicyOrigin, "a session with %s may not use http (%s)", p.own, o)
	}
	if !p.origins[o] {
		return failure(CodePolicyOrigin, "a session with %s may not reach %s", p.own, o)
	}
	return nil
}

// isOwn reports whether u is at the server's own origin, and so may get the
// session's credentials.
func (p *policy) isOwn(u *url.URL) bool { return origin(u) == p.own }

// checkAddress decides whether a connection for host may be made to address.
func (p *policy) checkAddress(host string, address netip.Addr) *Error {
	class := classify(address)
	if class == addrPublic || p.private == PrivateAlways {
		return nil
	}
	if p.private == PrivateIfServer {
		p.mu.Lock()
		defer p.mu.Unlock()
		switch {
		case p.known && p.class == class:
			return nil
		case !p.known && host == p.ownHost:
			return nil // noteServer follows
		}
	}
	return failure(CodePolicyPrivateAddress, "%s leads to a %s address, which a session with %s may not reach", host, class, p.own)
}

// checkLiteral applies the rule to a host that is written as an address, for
// the case that somebody else resolves names.
func (p *policy) checkLiteral(host string) *Error {
	address, err := netip.ParseAddr(host)
	if err != nil {
		return nil
	}
	return p.checkAddress(strings.ToLower(host), address)
}

// noteServer records where the server is, the first time it is reached.
func (p *policy) noteServer(host string, address netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.known && host == p.ownHost {
		p.known, p.class = true, classify(address)
	}
}

// dialer makes the connections of one session and checks the address of each
// after the name is resolved and before anything is sent.
type dialer struct {
	policy *policy
	net    net.Dialer
}

func newDialer(p *policy, o HTTPOptions) *dialer {
	return &dialer{policy: p, net: net.Dialer{Timeout: o.DialTimeout, Resolver: o.Resolver}}
}

// dial is an http.Transport's DialContext.
func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	host = strings.ToLower(host)
	nd := d.net
	nd.ControlContext = func(_ context.Context, _, resolved string, _ syscall.RawConn) error {
		addr, err := netip.ParseAddrPort(resolved)
		if err != nil {
			return err
		}
		if e := d.policy.checkAddress(host, addr.Addr()); e != nil {
			return e
		}
		return nil
	}
	conn, err := nd.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	tcp, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		_ = conn.Close()
		return nil, errors.New("not a TCP connection")
	}
	remote, _ := netip.AddrFromSlice(tcp.IP)
	d.policy.noteServer(host, remote)
	return conn, nil
}
