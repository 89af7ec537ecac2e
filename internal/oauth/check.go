package oauth

import (
	"encoding/json"
	"net/url"
	"slices"

	"github.com/remora-mcp/remora/internal/challenge"
	"github.com/remora-mcp/remora/internal/wire"
)

// Check refuses what cannot be right before any traffic. handlers are the asks
// that the application answers.
func Check(auth *wire.Auth, handlers []string) *wire.Error {
	bad := func(text string, what ...string) *wire.Error {
		return failure(wire.CodeLocalBadArgument, text, what...)
	}
	answers := func(kind string) bool { return slices.Contains(handlers, kind) }
	if auth.Grant != "" && !slices.Contains(wire.Grants, auth.Grant) {
		return bad("auth.grant is %s, which is not known", auth.Grant)
	}
	if auth.ClientAuth != "" && !slices.Contains(wire.ClientAuths, auth.ClientAuth) {
		return bad("auth.clientAuth is %s, which is not known", auth.ClientAuth)
	}
	person := auth.Grant == "" || auth.Grant == wire.GrantAuthorizationCode
	for _, text := range []string{auth.ClientID, auth.ClientSecret} {
		if len(text) > maxValueBytes {
			return bad("auth.clientId or auth.clientSecret is longer than 16 KB")
		}
	}
	switch {
	case auth.ClientSecret != "" && auth.ClientID == "":
		return bad("auth.clientSecret without auth.clientId")
	case auth.ClientAuth == wire.ClientAuthKey && !answers("sign"):
		return bad("auth.clientAuth is private_key_jwt, without a handler for sign")
	case (auth.ClientAuth == wire.ClientAuthBasic || auth.ClientAuth == wire.ClientAuthPost) && auth.ClientSecret == "" && auth.ClientID != "":
		return bad("auth.clientAuth is %s, without auth.clientSecret", auth.ClientAuth)
	case auth.DPoP && !answers("sign"):
		return bad("auth.dpop without a handler for sign")
	case auth.Grant == wire.GrantClientCredentials && auth.ClientID == "" && auth.ClientMetadataURL == "":
		return bad("auth.grant is client_credentials, without auth.clientId")
	case (auth.Grant == wire.GrantWorkload || auth.Grant == wire.GrantEnterprise) && !answers("assert"):
		return bad("auth.grant is %s, without a handler for assert", auth.Grant)
	case auth.Grant == wire.GrantEnterprise && (auth.Identity == nil || auth.Identity.Issuer == "" && auth.Identity.TokenURL == ""):
		return bad("auth.grant is enterprise, without auth.identity")
	case person && answers("authorize") && auth.RedirectURL == "":
		return bad("auth.redirectUrl is missing, where the authorization server sends the person back to")
	case auth.Resumable && !answers("store"):
		return bad("auth.resumable without a handler for store")
	}
	if auth.RedirectURL != "" {
		u, err := url.Parse(auth.RedirectURL)
		if err != nil || !u.IsAbs() || len(auth.RedirectURL) > maxURLBytes || u.Fragment != "" || u.User != nil ||
			u.Scheme == "http" && !isLoopback(u) || slices.Contains([]string{"javascript", "data", "vbscript"}, u.Scheme) {
			return bad("auth.redirectUrl is not a URL of https, on loopback, or of a scheme of the application's own")
		}
	}
	if raw := auth.ClientMetadataURL; raw != "" {
		u, err := url.Parse(raw)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" || u.Path == "" || u.Path == "/" || len(raw) > maxURLBytes {
			return bad("auth.clientMetadataUrl is not a URL of https with a path")
		}
	}
	if auth.Issuer != "" && !isIssuer(auth.Issuer) {
		return bad("auth.issuer is not a URL")
	}
	if id := auth.Identity; id != nil && (id.Issuer != "" && !isIssuer(id.Issuer) || id.TokenURL != "" && !isIssuer(id.TokenURL)) {
		return bad("auth.identity has an issuer or a tokenUrl that is not a URL")
	}
	for _, scope := range auth.Scopes {
		if !challenge.IsScope(scope) {
			return bad("auth.scopes has a scope that cannot be one")
		}
	}
	if raw := auth.Registration; len(raw) > 0 && (len(raw) > maxValueBytes || raw[0] != '{' || !json.Valid(raw)) {
		return bad("auth.registration is not an object")
	}
	return nil
}
