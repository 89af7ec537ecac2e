package authserver

import (
	"crypto/subtle"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// How clients show who they are.
const (
	AuthNone  = "none"
	AuthBasic = "client_secret_basic"
	AuthPost  = "client_secret_post"
)

// Grant types.
const (
	GrantCode        = "authorization_code"
	GrantRefresh     = "refresh_token"
	GrantCredentials = "client_credentials"
)

var (
	authMethods = []string{AuthNone, AuthBasic, AuthPost}
	grantTypes  = []string{GrantCode, GrantRefresh, GrantCredentials}
)

// Bounds of what a client says of itself.
const (
	maxRedirects   = 16
	maxNameLetters = 100
)

// A Client is who asks for tokens. The JSON names are those of client metadata
// (RFC 7591, section 2).
type Client struct {
	ID           string   `json:"client_id"`
	Secret       string   `json:"client_secret,omitempty"`
	Name         string   `json:"client_name,omitempty"`
	RedirectURIs []string `json:"redirect_uris,omitempty"`
	GrantTypes   []string `json:"grant_types,omitempty"`
	AuthMethod   string   `json:"token_endpoint_auth_method,omitempty"`
}

// complete checks what a client says of itself and fills in the defaults.
func (c *Client) complete() *failure {
	if len(c.GrantTypes) == 0 {
		c.GrantTypes = []string{GrantCode}
	}
	if c.AuthMethod == "" {
		c.AuthMethod = AuthBasic
	}
	if !slices.Contains(authMethods, c.AuthMethod) {
		return refused("invalid_client_metadata", "token_endpoint_auth_method is none of "+strings.Join(authMethods, ", "))
	}
	for _, grant := range c.GrantTypes {
		if grant == GrantCredentials {
			return refused("invalid_client_metadata", "client_credentials is for clients that are registered from the start")
		}
		if !slices.Contains(grantTypes, grant) {
			return refused("invalid_client_metadata", "grant_types has one that is not supported")
		}
	}
	if n := len(c.RedirectURIs); n == 0 || n > maxRedirects {
		return refused("invalid_redirect_uri", "redirect_uris needs at least one URL, and 16 at most")
	}
	for _, uri := range c.RedirectURIs {
		if !soundRedirect(uri) {
			return refused("invalid_redirect_uri", "a redirect URL is https, or http on a loopback address, without a fragment")
		}
	}
	if letters := []rune(c.Name); len(letters) > maxNameLetters {
		c.Name = string(letters[:maxNameLetters])
	}
	return nil
}

func soundRedirect(uri string) bool {
	u, err := url.Parse(uri)
	return err == nil && u.Host != "" && u.Fragment == "" && u.User == nil &&
		(u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()))
}

// loopback says whether a host's name is one of this machine's own.
func loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// redirects says whether the client may have people sent to uri: it is as it was
// registered, but for the port of a loopback address (RFC 8252, section 7.3).
func (c *Client) redirects(uri string) bool {
	if slices.Contains(c.RedirectURIs, uri) {
		return true
	}
	portless := func(s string) string {
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "http" || !loopback(u.Hostname()) {
			return ""
		}
		u.Host = u.Hostname()
		return u.String()
	}
	given := portless(uri)
	return given != "" && slices.ContainsFunc(c.RedirectURIs, func(known string) bool { return portless(known) == given })
}

// serveRegister registers a client (RFC 7591).
func (s *Server) serveRegister(w http.ResponseWriter, r *http.Request) {
	var c Client
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		refused("invalid_client_metadata", "the body is not client metadata").write(w)
		return
	}
	if f := c.complete(); f != nil {
		f.write(w)
		return
	}
	c.ID, c.Secret = secret("demo_client_"), ""
	var never *int // 0: the secret does not expire; absent without one
	if c.AuthMethod != AuthNone {
		c.Secret, never = secret(SecretPrefix), new(int)
		s.secretSeen("client secret", c.Secret)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.clients) >= maxEntries {
		full.write(w)
		return
	}
	s.clients[c.ID] = &c
	s.count(func(n *Counts) { n.Registrations++ })
	writeJSON(w, http.StatusCreated, struct {
		Client
		ResponseTypes []string `json:"response_types"`
		SecretExpires *int     `json:"client_secret_expires_at,omitempty"`
	}{c, []string{"code"}, never})
}

// authenticate returns the client that a request to the token endpoint comes
// from (RFC 6749, section 2.3). The form has been parsed.
func (s *Server) authenticate(r *http.Request) (*Client, *failure) {
	unknown := &failure{Code: "invalid_client", Description: "the client is not known, or did not show that it is the one", status: http.StatusUnauthorized}
	id, given := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	method := AuthNone
	if given != "" {
		method = AuthPost
	}
	if user, password, has := r.BasicAuth(); has {
		if given != "" {
			return nil, refused("invalid_request", "the client shows who it is in two ways")
		}
		user, err := url.QueryUnescape(user)
		if err != nil || id != "" && id != user {
			return nil, unknown
		}
		if given, err = url.QueryUnescape(password); err != nil {
			return nil, unknown
		}
		id, method = user, AuthBasic
	}
	client, f := s.client(r.Context(), id)
	if f != nil {
		return nil, unknown
	}
	if method != client.AuthMethod || subtle.ConstantTimeCompare([]byte(given), []byte(client.Secret)) != 1 {
		return nil, unknown
	}
	return client, nil
}
