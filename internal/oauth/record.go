package oauth

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/remora-mcp/remora/internal/challenge"
	"github.com/remora-mcp/remora/internal/wire"
)

// recordVersion is the form of a record. One of another form is as none.
const recordVersion = 1

// A record is what is kept of one server: who issued the token for it, as which
// client, and the token. It belongs to that issuer and is never shown to another.
type record struct {
	Version int `json:"v"`
	// Issuer is the authorization server.
	Issuer string `json:"issuer,omitempty"`
	// Metadata is where the server's metadata was found.
	Metadata string `json:"metadata,omitempty"`
	// Resource is what the token is for.
	Resource string        `json:"resource,omitempty"`
	Client   *registration `json:"client,omitempty"`
	Token    *token        `json:"token,omitempty"`
	Lease    *lease        `json:"lease,omitempty"`
}

// A registration is the client at an issuer. A secret that the application gives
// is not kept.
type registration struct {
	ID          string `json:"id"`
	Secret      string `json:"secret,omitempty"`
	Method      string `json:"method,omitempty"`
	RedirectURL string `json:"redirectUrl,omitempty"`
	// Dynamic says that the client has registered itself.
	Dynamic bool `json:"dynamic,omitempty"`
	// EndsMs is when the secret expires; 0 if it does not.
	EndsMs int64 `json:"endsMs,omitempty"`
}

// A token is an access token and what it can be renewed with. Times are
// milliseconds since 1970.
type token struct {
	Access  string `json:"access"`
	Type    string `json:"type"`
	Refresh string `json:"refresh,omitempty"`
	// ExpiresMs is when it expires; 0 if that was not said.
	ExpiresMs int64 `json:"expiresMs,omitempty"`
	// RenewMs is when it is renewed: a little before.
	RenewMs int64 `json:"renewMs,omitempty"`
	// Scopes are those that were granted, or asked for where that was not said.
	Scopes []string `json:"scopes,omitempty"`
	// Asked are the scopes that were asked for.
	Asked   []string `json:"asked,omitempty"`
	Subject string   `json:"subject,omitempty"`
}

// A lease says who is at work on the record, so that nobody else uses the
// refresh token.
type lease struct {
	By      string `json:"by"`
	UntilMs int64  `json:"untilMs"`
}

// The types of tokens.
const (
	typeBearer = "bearer"
	typeDPoP   = "dpop"
)

func (t *token) scheme() string {
	if t.Type == typeDPoP {
		return "DPoP"
	}
	return "Bearer"
}

func (t *token) bound() bool { return t.Type == typeDPoP }

func (t *token) renewable() bool { return t != nil && t.Refresh != "" }

// expired reports whether the token is known to be of no use.
func (t *token) expired(now int64) bool {
	return t == nil || t.Access == "" || t.ExpiresMs > 0 && now >= t.ExpiresMs
}

// due reports whether the token should be renewed before it is used.
func (t *token) due(now int64) bool {
	return t.expired(now) || t.RenewMs > 0 && now >= t.RenewMs && t.Refresh != ""
}

// covers reports whether all of these scopes have been asked for with the token.
// Another login would bring nothing new.
func (t *token) covers(scopes []string) bool {
	return t != nil && !slices.ContainsFunc(scopes, func(s string) bool { return !slices.Contains(t.Asked, s) })
}

// kept is the registration without a secret that the application gives.
func (r *registration) kept() *registration {
	if r.Dynamic || r.Secret == "" {
		return r
	}
	return &registration{ID: r.ID, Method: r.Method, RedirectURL: r.RedirectURL}
}

// storeKey is the key of a server's record. It does not show which server it is.
func storeKey(server *url.URL) string {
	sum := sha256.Sum256([]byte(canonical(server)))
	return "remora/oauth/" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// maxValueBytes bounds each text in a record but the URLs.
const maxValueBytes = 16 << 10

// parseRecord reads a record, which may have been kept anywhere; nil if it cannot
// be used.
func parseRecord(raw []byte) *record {
	rec := new(record)
	if len(raw) > wire.MaxStoreValueBytes || json.Unmarshal(raw, rec) != nil || rec.Version != recordVersion {
		return nil
	}
	if !isIssuer(rec.Issuer) && (rec.Token != nil || rec.Client != nil) || len(rec.Metadata) > maxURLBytes || len(rec.Resource) > maxURLBytes {
		return nil
	}
	if c := rec.Client; c != nil && (c.ID == "" || len(c.ID) > maxValueBytes || len(c.Secret) > maxValueBytes || c.Method != "" && !slices.Contains(wire.ClientAuths, c.Method)) {
		return nil
	}
	if t := rec.Token; t != nil && (t.Access != "" && !isToken(t.Access) || t.Access == "" && t.Refresh == "" ||
		len(t.Refresh) > maxValueBytes || t.Type != typeBearer && t.Type != typeDPoP ||
		slices.ContainsFunc(slices.Concat(t.Scopes, t.Asked), func(s string) bool { return !challenge.IsScope(s) })) {
		return nil
	}
	return rec
}

// isIssuer reports whether an issuer has the form of one.
func isIssuer(issuer string) bool {
	u, err := url.Parse(issuer)
	return err == nil && len(issuer) <= maxURLBytes && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}

// isToken reports whether a token can be put into a header (RFC 6750, section
// 2.1, taken as RFC 9110 takes a field's value: visible ASCII).
func isToken(s string) bool {
	return s != "" && len(s) <= maxValueBytes && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}
