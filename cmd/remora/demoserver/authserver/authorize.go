package authserver

import (
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A consent is an authorization request whose person has not decided.
type consent struct {
	client    *Client
	redirect  string
	state     string
	challenge string
	scopes    []string
	expires   time.Time
}

// A code is what a person's consent was answered with.
type code struct {
	*consent
	expires time.Time
	// spent is the family that the code was exchanged for; nil before.
	spent *family
}

//go:embed consent.html
var consentHTML string

var consentPage = template.Must(template.New("consent").Parse(consentHTML))

// serveAuthorize shows the consent page (RFC 6749, section 4.1.1).
func (s *Server) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	redirect := query.Get("redirect_uri")
	client, f := s.client(r.Context(), query.Get("client_id"))
	if f == nil && !client.redirects(redirect) {
		f = refused("invalid_request", "the redirect_uri is not one of the client's")
	}
	if f != nil {
		// Nobody is sent to where an unknown client says.
		http.Error(w, f.Error(), http.StatusBadRequest)
		return
	}
	asked := &consent{
		client: client, redirect: redirect, state: query.Get("state"), challenge: query.Get("code_challenge"),
		scopes: strings.Fields(query.Get("scope")), expires: time.Now().Add(consentLifetime),
	}
	if f := s.check(asked, query); f != nil {
		s.sendBack(w, r, asked, url.Values{"error": {f.Code}, "error_description": {f.Description}})
		return
	}
	id := secret("")
	s.mu.Lock()
	for key, c := range s.consents {
		if time.Now().After(c.expires) {
			delete(s.consents, key)
		}
	}
	if len(s.consents) >= maxEntries {
		s.mu.Unlock()
		http.Error(w, full.Error(), full.status)
		return
	}
	s.consents[id] = asked
	s.count(func(n *Counts) { n.Consents++ })
	s.mu.Unlock()

	back, err := url.Parse(redirect)
	if err != nil {
		http.Error(w, "bad redirect_uri", http.StatusBadRequest) // cannot happen: it was parsed before
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Frame-Options", "DENY")
	// A browser applies form-action also to where the answer redirects to.
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; form-action 'self' "+
		back.Scheme+"://"+back.Host)
	_ = consentPage.Execute(w, map[string]any{ // the person may have left
		"ID": id, "Decide": DecidePath, "Name": client.Name, "Client": client.ID, "Resource": s.options.Resource,
		"Back": back.Host, "Scopes": asked.scopes,
	})
}

// check checks what is asked for; what it refuses is said to the client, through
// the person's browser.
func (s *Server) check(asked *consent, query url.Values) *failure {
	switch {
	case query.Get("response_type") != "code":
		return refused("unsupported_response_type", "response_type has to be code")
	case !slices.Contains(asked.client.GrantTypes, GrantCode):
		return refused("unauthorized_client", "the client did not register authorization_code")
	case query.Get("code_challenge_method") != "S256" || len(asked.challenge) != 43:
		return refused("invalid_request", "PKCE with S256 is required")
	case !slices.Equal(query["resource"], []string{s.options.Resource}):
		return refused("invalid_target", "resource has to be "+s.options.Resource)
	}
	if len(asked.scopes) == 0 {
		asked.scopes = s.options.Scopes[:1]
	}
	for _, scope := range asked.scopes {
		if !slices.Contains(s.scopes(), scope) {
			return refused("invalid_scope", "scope has one that is not supported")
		}
	}
	return nil
}

// serveDecision takes the person's decision.
func (s *Server) serveDecision(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "not a form", http.StatusBadRequest)
		return
	}
	id := r.PostForm.Get("request")
	s.mu.Lock()
	asked := s.consents[id]
	delete(s.consents, id)
	s.mu.Unlock()
	if asked == nil || time.Now().After(asked.expires) {
		http.Error(w, "this page has been answered, or has waited too long", http.StatusGone)
		return
	}
	if r.PostForm.Get("decision") != "allow" {
		s.mu.Lock()
		s.count(func(n *Counts) { n.Denials++ })
		s.mu.Unlock()
		s.sendBack(w, r, asked, url.Values{"error": {"access_denied"}, "error_description": {"the person refused"}})
		return
	}
	made := secret(CodePrefix)
	s.secretSeen("code", made)
	s.mu.Lock()
	s.forget()
	if len(s.codes) >= maxEntries {
		s.mu.Unlock()
		http.Error(w, full.Error(), full.status)
		return
	}
	s.codes[made] = &code{consent: asked, expires: time.Now().Add(codeLifetime)}
	s.mu.Unlock()
	s.sendBack(w, r, asked, url.Values{"code": {made}})
}

// sendBack sends the person back to the client, with state and iss (RFC 9207).
func (s *Server) sendBack(w http.ResponseWriter, r *http.Request, asked *consent, answer url.Values) {
	back, err := url.Parse(asked.redirect)
	if err != nil {
		http.Error(w, "bad redirect_uri", http.StatusBadRequest) // cannot happen: it was parsed before
		return
	}
	query := back.Query()
	for name, values := range answer {
		query[name] = values
	}
	if asked.state != "" {
		query.Set("state", asked.state)
	}
	query.Set("iss", s.options.Issuer)
	back.RawQuery = query.Encode()
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, back.String(), http.StatusSeeOther)
}
