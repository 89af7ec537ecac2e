package authserver

import (
	"net/http"
	"strings"
	"time"
)

// A family is everything that was issued for one login.
type family struct {
	client  *Client
	person  string
	scopes  []string
	revoked bool
}

type accessToken struct {
	family  *family
	scopes  []string
	expires time.Time
}

type refreshToken struct {
	family  *family
	expires time.Time
	// spent is kept, so that a second use is noticed.
	spent bool
}

// A Token is what an access token says.
type Token struct {
	// Person is who it is for; the client's id where that is nobody.
	Person string
	// Client is whose it is.
	Client string
	// Scopes are what it opens.
	Scopes []string
	// Expires is when it stops to.
	Expires time.Time
}

// Verify returns what an access token says, and whether it is good.
func (s *Server) Verify(token string) (Token, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.access[token]
	if t == nil || t.family.revoked || !time.Now().Before(t.expires) {
		return Token{}, false
	}
	return Token{Person: t.family.person, Client: t.family.client.ID, Scopes: t.scopes, Expires: t.expires}, true
}

// ExpireTokens ends all access tokens, as if their time had come. Refresh tokens
// stay good.
func (s *Server) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.access)
}

// issue makes the tokens of a grant. The caller holds s.mu.
func (s *Server) issue(g *grant) *tokenAnswer {
	now := time.Now()
	answer := &tokenAnswer{
		AccessToken: secret(AccessTokenPrefix),
		TokenType:   "Bearer",
		ExpiresIn:   int(s.options.TokenLifetime / time.Second),
		Scope:       strings.Join(g.scopes, " "),
	}
	s.secretSeen("token", answer.AccessToken)
	s.access[answer.AccessToken] = &accessToken{family: g.family, scopes: g.scopes, expires: now.Add(s.options.TokenLifetime)}
	if g.renewable {
		answer.RefreshToken = secret(RefreshTokenPrefix)
		s.secretSeen("refresh token", answer.RefreshToken)
		s.refresh[answer.RefreshToken] = &refreshToken{family: g.family, expires: now.Add(refreshLifetime)}
	}
	s.count(func(n *Counts) { n.Tokens++ })
	return answer
}

// forget forgets what has expired. Spent codes and refresh tokens are remembered
// for as long as they would have been good. The caller holds s.mu.
func (s *Server) forget() {
	now := time.Now()
	for key, c := range s.codes {
		if now.After(c.expires) {
			delete(s.codes, key)
		}
	}
	for key, t := range s.access {
		if now.After(t.expires) {
			delete(s.access, key)
		}
	}
	for key, t := range s.refresh {
		if now.After(t.expires) {
			delete(s.refresh, key)
		}
	}
}

// serveRevoke revokes a token (RFC 7009): a refresh token with all of its
// family, an access token alone. One that is not known is no error.
func (s *Server) serveRevoke(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		refused("invalid_request", "the body is not a form").write(w)
		return
	}
	client, f := s.authenticate(r)
	if f != nil {
		f.write(w)
		return
	}
	token := r.PostForm.Get("token")
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.refresh[token]; t != nil && t.family.client.ID == client.ID {
		t.family.revoked = true
		s.count(func(n *Counts) { n.Revocations++ })
	} else if t := s.access[token]; t != nil && t.family.client.ID == client.ID {
		delete(s.access, token)
		s.count(func(n *Counts) { n.Revocations++ })
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}
