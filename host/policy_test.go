package host

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
)

func TestParseServerURL(t *testing.T) {
	for raw, want := range map[string]string{
		"https://a.example/mcp":           "https://a.example/mcp",
		"http://127.0.0.1:8080":           "http://127.0.0.1:8080",
		"https://a.example/mcp?k=v#there": "https://a.example/mcp?k=v",
		"https://[::1]:1/":                "https://[::1]:1/",
		"":                                "",
		"a.example/mcp":                   "",
		"/mcp":                            "",
		"ftp://a.example/":                "",
		"file:///etc/passwd":              "",
		"http:a.example":                  "",
		"https://":                        "",
		"https://:443/":                   "",
		"https://user:secret@a.example/":  "",
		"https://a.example:secret/":       "",
		"https://a example/":              "",
	} {
		u, err := parseServerURL(raw)
		switch {
		case want == "" && !errors.Is(err, &Error{Code: CodeLocalBadURL}):
			t.Errorf("%q: got %v, %v", raw, u, err)
		case want == "" && strings.Contains(err.Error(), "secret"):
			t.Errorf("%q: the message quotes the secret: %v", raw, err)
		case want != "" && (err != nil || u.String() != want):
			t.Errorf("%q: got %v, %v", raw, u, err)
		}
	}
}

func TestOrigin(t *testing.T) {
	for raw, want := range map[string]string{
		"HTTPS://A.Example:443/x": "https://a.example",
		"http://a.example:80":     "http://a.example",
		"http://a.example:443":    "http://a.example:443",
		"https://a.example:8443/": "https://a.example:8443",
		"http://[::1]:80/":        "http://[::1]",
		"http://[FE80::1]:8080/":  "http://[fe80::1]:8080",
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := origin(u); got != want {
			t.Errorf("%s: got %s, want %s", raw, got, want)
		}
	}
}

func TestCheckURL(t *testing.T) {
	for _, tt := range []struct {
		server, target string
		origins        []string
		ok             bool
	}{
		{"https://a.example/mcp", "https://a.example/other?x=1", nil, true},
		{"https://a.example/mcp", "https://A.EXAMPLE:443/", nil, true},
		{"https://a.example/mcp", "https://a.example:8443/", nil, false},
		{"https://a.example/mcp", "https://a.example.evil.example/", nil, false},
		{"https://a.example/mcp", "https://sub.a.example/", nil, false},
		{"https://a.example/mcp", "http://a.example/", nil, false},
		{"https://a.example/mcp", "https://a.example@evil.example/", nil, false},
		{"https://a.example/mcp", "https://user@a.example/", nil, false},
		{"https://a.example/mcp", "https://b.example/x", []string{"https://b.example"}, true},
		{"https://a.example/mcp", "https://b.example:444/x", []string{"https://b.example"}, false},
		{"http://a.example/mcp", "https://a.example/", nil, false},
		{"http://a.example/mcp", "http://b.example/", []string{"http://b.example/"}, true},
	} {
		server, _ := url.Parse(tt.server)
		p, err := newPolicy(server, Policy{Origins: tt.origins})
		if err != nil {
			t.Fatal(err)
		}
		target, err := url.Parse(tt.target)
		if err != nil {
			t.Fatal(err)
		}
		if e := p.checkURL(target); (e == nil) != tt.ok || e != nil && e.Code != CodePolicyOrigin {
			t.Errorf("from %s to %s: %v", tt.server, tt.target, e)
		}
	}
}

func TestPolicyIsChecked(t *testing.T) {
	server, _ := url.Parse("https://a.example/")
	for _, p := range []Policy{
		{Origins: []string{"b.example"}},
		{Origins: []string{"https://b.example/path"}},
		{Origins: []string{"https://b.example?q"}},
		{Origins: []string{"https://u@b.example"}},
		{Origins: []string{"http://b.example"}}, // beside https
		{Origins: []string{"ftp://b.example"}},
		{PrivateAddresses: 3},
		{PrivateAddresses: -1},
	} {
		if _, err := newPolicy(server, p); !errors.Is(err, &Error{Code: CodeLocalBadArgument}) {
			t.Errorf("%+v: got %v", p, err)
		}
	}
}

func TestCheckAddress(t *testing.T) {
	public, loopback, private := netip.MustParseAddr("8.8.8.8"), netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("10.0.0.1")
	server, _ := url.Parse("https://mcp.example/")
	make := func(rule PrivateAddresses) *policy {
		p, err := newPolicy(server, Policy{Origins: []string{"https://b.example"}, PrivateAddresses: rule})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	check := func(p *policy, host string, a netip.Addr, ok bool) {
		t.Helper()
		if e := p.checkAddress(host, a); (e == nil) != ok || e != nil && e.Code != CodePolicyPrivateAddress {
			t.Errorf("%s at %v: %v", host, a, e)
		}
	}
	p := make(PrivateIfServer)
	check(p, "mcp.example", public, true)
	check(p, "mcp.example", loopback, true) // where it is is not known yet
	check(p, "b.example", loopback, false)
	p.noteServer("b.example", loopback) // not the server
	check(p, "b.example", loopback, false)
	p.noteServer("mcp.example", loopback)
	check(p, "b.example", loopback, true)
	check(p, "b.example", private, false)
	check(p, "b.example", public, true)

	p = make(PrivateIfServer)
	p.noteServer("mcp.example", public)
	p.noteServer("mcp.example", loopback)    // too late
	check(p, "mcp.example", loopback, false) // the name was made to lead elsewhere
	check(make(PrivateNever), "mcp.example", loopback, false)
	check(make(PrivateNever), "mcp.example", public, true)
	check(make(PrivateAlways), "b.example", private, true)
}

// nameServer answers DNS queries for A records from a table that the test can
// change.
type nameServer struct {
	mu    sync.Mutex
	names map[string]netip.Addr
}

func (s *nameServer) set(name, addr string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.names == nil {
		s.names = make(map[string]netip.Addr)
	}
	s.names[name+"."] = netip.MustParseAddr(addr)
}

// resolver returns a resolver that asks s, over an in-memory connection.
func (s *nameServer) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, StrictErrors: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go s.serve(there)
		return here, nil
	}}
}

// serve answers queries in the form that DNS has on a stream: two bytes of
// length, then the message (RFC 1035, section 4.2.2).
func (s *nameServer) serve(conn net.Conn) {
	defer conn.Close()
	for {
		var size [2]byte
		if _, err := fullRead(conn, size[:]); err != nil {
			return
		}
		q := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := fullRead(conn, q); err != nil {
			return
		}
		a := s.answer(q)
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(a))), a...)); err != nil {
			return
		}
	}
}

func (s *nameServer) answer(q []byte) []byte {
	at, name := 12, ""
	for q[at] != 0 {
		n := int(q[at])
		name += string(q[at+1:at+1+n]) + "."
		at += 1 + n
	}
	kind := binary.BigEndian.Uint16(q[at+1:])
	question := q[12 : at+5]
	s.mu.Lock()
	addr, known := s.names[strings.ToLower(name)]
	s.mu.Unlock()
	a := append([]byte{}, q[:2]...)
	code := byte(0x80)
	if !known {
		code |= 3 // no such name
	}
	has := known && kind == 1
	a = append(a, 0x84, code, 0, 1, 0, 0, 0, 0, 0, 0)
	a = append(a, question...)
	if has {
		a[7] = 1
		ip := addr.As4()
		a = append(a, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		a = append(a, ip[:]...)
	}
	return a
}

func fullRead(conn net.Conn, p []byte) (int, error) {
	n := 0
	for n < len(p) {
		m, err := conn.Read(p[n:])
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// The rule about private addresses is applied to what a name leads to, when the
// connection is made.
func TestPrivateAddressBehindAName(t *testing.T) {
	server := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "here") }))
	u, _ := url.Parse(server)
	names := new(nameServer)
	names.set("local.example", "127.0.0.1")
	names.set("other.example", "127.0.0.1")
	names.set("inside.example", "10.255.255.1")
	at := func(name string) string { return "http://" + name + ":" + u.Port() }
	resolve := func(o *Options) { o.HTTP.Resolver = names.resolver() }

	t.Run("the server itself", func(t *testing.T) {
		p := newProbe(t, at("local.example"), nil, resolve)
		if a := p.do("GET", at("local.example"), ""); a.body != "here" {
			t.Errorf("got %+v", a.err)
		}
	})
	t.Run("another origin before and after the server is known", func(t *testing.T) {
		p := newProbe(t, at("local.example"), &ConnectOptions{Policy: Policy{
			Origins: []string{at("other.example"), at("inside.example")},
		}}, resolve)
		wantError(t, p.do("GET", at("other.example"), ""), CodePolicyPrivateAddress, SentNo)
		if a := p.do("GET", at("local.example"), ""); a.body != "here" {
			t.Errorf("the server: %+v", a.err)
		}
		if a := p.do("GET", at("other.example"), ""); a.body != "here" {
			t.Errorf("beside the server: %+v", a.err)
		}
		wantError(t, p.do("GET", at("inside.example"), ""), CodePolicyPrivateAddress, SentNo)
	})
	t.Run("never", func(t *testing.T) {
		p := newProbe(t, at("local.example"), &ConnectOptions{Policy: Policy{PrivateAddresses: PrivateNever}}, resolve)
		wantError(t, p.do("GET", at("local.example"), ""), CodePolicyPrivateAddress, SentNo)
		wantError(t, newProbe(t, server, &ConnectOptions{Policy: Policy{PrivateAddresses: PrivateNever}}).do("GET", server, ""), CodePolicyPrivateAddress, SentNo)
	})
	t.Run("a name that is made to lead inside later", func(t *testing.T) {
		p := newProbe(t, at("local.example"), nil, resolve)
		p.s.net.policy.noteServer("local.example", netip.MustParseAddr("8.8.8.8"))
		wantError(t, p.do("GET", at("local.example"), ""), CodePolicyPrivateAddress, SentNo)
	})
	t.Run("unknown name", func(t *testing.T) {
		p := newProbe(t, at("nowhere.example"), nil, resolve)
		wantError(t, p.do("GET", at("nowhere.example"), ""), CodeHTTPNetwork, SentNo)
	})
}
