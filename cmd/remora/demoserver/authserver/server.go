// Package authserver is the OAuth 2.1 authorization server of the demo server:
// one issuer, one protected resource, everything in memory. It is strict, so
// that a client which leaves something out is told: PKCE with S256 (RFC 7636),
// resource indicators (RFC 8707), iss in every authorization response (RFC
// 9207), refresh tokens that are spent by their use, and a whole family of
// tokens revoked when one is used twice (draft-ietf-oauth-v2-1, section 4.3.1).
//
// It knows no people: whoever opens its consent page is one, and the page has
// no password. It is for trying clients, not for production.
package authserver

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Paths of the endpoints, below the issuer's origin.
const (
	MetadataPath  = "/.well-known/oauth-authorization-server"
	AuthorizePath = "/authorize"
	DecidePath    = "/authorize/decide"
	TokenPath     = "/token"
	RegisterPath  = "/register"
	RevokePath    = "/revoke"
)

// OfflineAccess is the scope that asks for a refresh token.
const OfflineAccess = "offline_access"

const (
	// codeLifetime is how long a code is good for.
	codeLifetime = time.Minute
	// consentLifetime is how long a consent page waits for its person.
	consentLifetime = 10 * time.Minute
	// DefaultTokenLifetime is how long an access token is good for.
	DefaultTokenLifetime = 5 * time.Minute
	// refreshLifetime is how long a refresh token is good for.
	refreshLifetime = 24 * time.Hour

	// maxEntries bounds each kind of thing that strangers can have the server
	// keep; beyond it a request is refused with 503.
	maxEntries = 10_000
	// maxFormBytes bounds a request's body.
	maxFormBytes = 64 << 10
)

// What secrets of this server begin with, so that a leak can be searched for.
const (
	AccessTokenPrefix  = "demo_at_"
	RefreshTokenPrefix = "demo_rt_"
	CodePrefix         = "demo_code_"
	SecretPrefix       = "demo_secret_"
)

// Options say what an authorization server is for.
type Options struct {
	// Issuer is the server's own origin, without a path.
	Issuer string
	// Resource is the protected resource's URL.
	Resource string
	// Scopes are those that tokens can have, besides offline_access. The first
	// is given to whoever asks for none.
	Scopes []string
	// TokenLifetime is how long an access token is good for; 0 for
	// DefaultTokenLifetime.
	TokenLifetime time.Duration
	// Clients are registered from the start.
	Clients []Client
	// OnSecret, if set, is told of each secret that the server issues or is shown,
	// with what it is: token, refresh token, code, verifier, client secret. It must
	// not call the server.
	OnSecret func(what, secret string)
}

// Counts are what a server has seen.
type Counts struct {
	Registrations int // clients that registered themselves (RFC 7591)
	Documents     int // metadata documents of clients that were fetched
	Consents      int // consent pages that were shown
	Logins        int // codes that were exchanged for tokens
	Denials       int // people who refused
	Tokens        int // access tokens issued, by any grant
	Refreshes     int // refresh tokens spent
	Reuses        int // spent refresh tokens that came again, and revoked their family
	CodeReplays   int // spent codes that came again, and revoked their family
	Revocations   int // tokens that were revoked by their client (RFC 7009)
	Refusals      int // requests to the token endpoint that were refused
}

// A Server is an authorization server. It is an http.Handler for the paths of
// this package; everything else is 404. All methods may be called at once.
type Server struct {
	options Options
	mux     *http.ServeMux

	mu       sync.Mutex
	counts   Counts
	changed  chan struct{} // closed and replaced with every change of counts
	clients  map[string]*Client
	consents map[string]*consent
	codes    map[string]*code
	access   map[string]*accessToken
	refresh  map[string]*refreshToken
}

// New returns an authorization server.
func New(options Options) *Server {
	if options.TokenLifetime == 0 {
		options.TokenLifetime = DefaultTokenLifetime
	}
	s := &Server{
		options:  options,
		mux:      http.NewServeMux(),
		changed:  make(chan struct{}),
		clients:  map[string]*Client{},
		consents: map[string]*consent{},
		codes:    map[string]*code{},
		access:   map[string]*accessToken{},
		refresh:  map[string]*refreshToken{},
	}
	for _, client := range options.Clients {
		s.clients[client.ID] = &client
	}
	s.mux.HandleFunc("GET "+MetadataPath, s.serveMetadata)
	s.mux.HandleFunc("GET "+AuthorizePath, s.serveAuthorize)
	// The decision is the person's: no other page may make it.
	s.mux.Handle("POST "+DecidePath, http.NewCrossOriginProtection().Handler(http.HandlerFunc(s.serveDecision)))
	s.mux.HandleFunc("POST "+TokenPath, s.serveToken)
	s.mux.HandleFunc("POST "+RegisterPath, s.serveRegister)
	s.mux.HandleFunc("POST "+RevokePath, s.serveRevoke)
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
	s.mux.ServeHTTP(w, r)
}

// Counts returns what the server has seen so far.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

// Await waits until enough is true of the counts, or ctx ends.
func (s *Server) Await(ctx context.Context, enough func(Counts) bool) error {
	for {
		s.mu.Lock()
		counts, changed := s.counts, s.changed
		s.mu.Unlock()
		if enough(counts) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// count changes the counts. The caller holds s.mu.
func (s *Server) count(change func(*Counts)) {
	change(&s.counts)
	close(s.changed)
	s.changed = make(chan struct{})
}

// secretSeen tells OnSecret.
func (s *Server) secretSeen(what, secret string) {
	if s.options.OnSecret != nil && secret != "" {
		s.options.OnSecret(what, secret)
	}
}

// scopes are all scopes that the server knows.
func (s *Server) scopes() []string { return append(slices.Clone(s.options.Scopes), OfflineAccess) }

// secret returns a new secret of 256 bits, which begins with prefix.
func secret(prefix string) string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return prefix + base64.RawURLEncoding.EncodeToString(b)
}
