package oauth

import (
	"net/netip"
	"net/url"
	"strings"

	"github.com/remora-mcp/remora/internal/wire"
)

// maxURLBytes bounds every URL that metadata names.
const maxURLBytes = 4 << 10

// origin is a URL's origin, with its port only if that is not the scheme's own.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "80" && u.Scheme == "http" || port == "443" && u.Scheme == "https" {
		port = ""
	}
	host := strings.ToLower(u.Hostname())
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" {
		host += ":" + port
	}
	return u.Scheme + "://" + host
}

// canonical is a server's URL as a resource is named: without a fragment, with
// its origin in lower case, and no lone slash as its path (2025-11-25,
// basic/authorization, canonical server URI).
func canonical(u *url.URL) string {
	out := origin(u)
	if path := u.EscapedPath(); path != "/" {
		out += path
	}
	if u.RawQuery != "" {
		out += "?" + u.RawQuery
	}
	return out
}

// isLoopback reports whether a URL's host is this machine.
func isLoopback(u *url.URL) bool {
	host := strings.ToLower(u.Hostname())
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// endpoint checks a URL that metadata names, or the application: https, or http
// on loopback if the server itself is there. The embedder's policy decides
// whether it may be reached.
func (c *Client) endpoint(raw, what string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || len(raw) > maxURLBytes || u.Host == "" || u.User != nil || u.Opaque != "":
		return nil, failure(wire.CodeAuthRequired, "%s is not a URL that can be used", what)
	case u.Scheme == "https":
	case u.Scheme == "http" && isLoopback(u) && c.server.Scheme == "http" && isLoopback(c.server):
	default:
		return nil, failure(wire.CodeAuthRequired, "%s is not a URL of https", what)
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

// sameIssuer reports whether two issuers are one. A slash at the end makes no
// difference, which authorization servers are not exact about.
func sameIssuer(a, b string) bool {
	return strings.TrimSuffix(a, "/") == strings.TrimSuffix(b, "/")
}

// contains reports whether a resource is the server at a URL, or holds it: the
// same origin, and its path or one above it.
func contains(resource, server *url.URL) bool {
	if origin(resource) != origin(server) || resource.User != nil {
		return false
	}
	outer, inner := strings.TrimSuffix(resource.EscapedPath(), "/"), strings.TrimSuffix(server.EscapedPath(), "/")
	if resource.RawQuery != "" && (resource.RawQuery != server.RawQuery || outer != inner) {
		return false
	}
	return outer == inner || strings.HasPrefix(inner, outer+"/")
}
