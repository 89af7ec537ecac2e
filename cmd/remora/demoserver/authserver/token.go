package authserver

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A grant is what a token is issued for.
type grant struct {
	family *family
	scopes []string
	// renewable says that a refresh token goes with it.
	renewable bool
}

// tokenAnswer is the answer of the token endpoint (RFC 6749, section 5.1).
type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
	RefreshToken string `json:"refresh_token,omitempty"`
	Scope        string `json:"scope"`
}

// serveToken answers at the token endpoint (RFC 6749, section 3.2).
func (s *Server) serveToken(w http.ResponseWriter, r *http.Request) {
	answer, f := s.token(r)
	if f != nil {
		s.mu.Lock()
		s.count(func(n *Counts) { n.Refusals++ })
		s.mu.Unlock()
		f.write(w)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

func (s *Server) token(r *http.Request) (*tokenAnswer, *failure) {
	if err := r.ParseForm(); err != nil {
		return nil, refused("invalid_request", "the body is not a form")
	}
	client, f := s.authenticate(r)
	if f != nil {
		return nil, f
	}
	kind := r.PostForm.Get("grant_type")
	if !slices.Contains(grantTypes, kind) {
		return nil, refused("unsupported_grant_type", "grant_type is none of "+strings.Join(grantTypes, ", "))
	}
	if !slices.Contains(client.GrantTypes, kind) {
		return nil, refused("unauthorized_client", "the client did not register "+kind)
	}
	if !slices.Equal(r.PostForm["resource"], []string{s.options.Resource}) {
		return nil, refused("invalid_target", "resource has to be "+s.options.Resource)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	if len(s.access) >= maxEntries || len(s.refresh) >= maxEntries {
		return nil, full
	}
	var g *grant
	switch kind {
	case GrantCode:
		g, f = s.byCode(client, r)
	case GrantRefresh:
		g, f = s.byRefresh(client, r)
	case GrantCredentials:
		g, f = s.byCredentials(client, r)
	}
	if f != nil {
		return nil, f
	}
	return s.issue(g), nil
}

// byCode exchanges a code (RFC 6749, section 4.1.3). The caller holds s.mu.
func (s *Server) byCode(client *Client, r *http.Request) (*grant, *failure) {
	given := s.codes[r.PostForm.Get("code")]
	if given != nil && given.spent != nil && given.client.ID == client.ID {
		given.spent.revoked = true
		s.count(func(n *Counts) { n.CodeReplays++ })
		return nil, refused("invalid_grant", "the code was used before; what it was exchanged for is revoked")
	}
	if given == nil || time.Now().After(given.expires) || given.client.ID != client.ID {
		return nil, refused("invalid_grant", "the code is not known, or has expired")
	}
	verifier := r.PostForm.Get("code_verifier")
	s.secretSeen("verifier", verifier)
	hash := sha256.Sum256([]byte(verifier))
	proof := base64.RawURLEncoding.EncodeToString(hash[:])
	switch {
	case len(verifier) < 43 || len(verifier) > 128 || subtle.ConstantTimeCompare([]byte(proof), []byte(given.challenge)) != 1:
		delete(s.codes, r.PostForm.Get("code"))
		return nil, refused("invalid_grant", "the code_verifier does not belong to the code")
	case r.PostForm.Get("redirect_uri") != given.redirect:
		return nil, refused("invalid_grant", "the redirect_uri is not the one that the code was sent to")
	}
	given.spent = &family{client: client, person: "demo", scopes: given.scopes}
	s.count(func(n *Counts) { n.Logins++ })
	return &grant{family: given.spent, scopes: given.scopes,
		renewable: slices.Contains(given.scopes, OfflineAccess) && slices.Contains(client.GrantTypes, GrantRefresh)}, nil
}

// byRefresh spends a refresh token (RFC 6749, section 6). The caller holds s.mu.
func (s *Server) byRefresh(client *Client, r *http.Request) (*grant, *failure) {
	given := s.refresh[r.PostForm.Get("refresh_token")]
	unknown := refused("invalid_grant", "the refresh token is not known, has expired, or was revoked")
	switch {
	case given == nil || given.family.client.ID != client.ID:
		return nil, unknown
	case given.spent:
		// Either this or the one who was first has stolen it.
		given.family.revoked = true
		s.count(func(n *Counts) { n.Reuses++ })
		return nil, refused("invalid_grant", "the refresh token was used before; all tokens of its login are revoked")
	case given.family.revoked || time.Now().After(given.expires):
		return nil, unknown
	}
	scopes := given.family.scopes
	if asked := strings.Fields(r.PostForm.Get("scope")); len(asked) > 0 {
		for _, scope := range asked {
			if !slices.Contains(scopes, scope) {
				return nil, refused("invalid_scope", "a refresh cannot add scopes")
			}
		}
		scopes = asked
	}
	given.spent = true
	s.count(func(n *Counts) { n.Refreshes++ })
	return &grant{family: given.family, scopes: scopes, renewable: true}, nil
}

// byCredentials issues a token to the client itself (RFC 6749, section 4.4). The
// caller holds s.mu.
func (s *Server) byCredentials(client *Client, r *http.Request) (*grant, *failure) {
	scopes := strings.Fields(r.PostForm.Get("scope"))
	if len(scopes) == 0 {
		scopes = s.options.Scopes[:1]
	}
	for _, scope := range scopes {
		if !slices.Contains(s.options.Scopes, scope) {
			return nil, refused("invalid_scope", "scope has one that is not for clients")
		}
	}
	return &grant{family: &family{client: client, person: client.ID, scopes: scopes}, scopes: scopes}, nil
}
