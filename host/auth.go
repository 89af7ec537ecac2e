package host

import (
	"context"
	"crypto"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/remora-mcp/remora/internal/wire"
)

// AuthOptions say how a session gets an access token when its server wants one
// (specification 2025-11-25 and 2026-07-28, basic/authorization). The zero value,
// with Authorize and RedirectURL, has a person log in, and finds out the rest by
// itself.
//
// Tokens go to the server that they were issued for, and live in the sandbox and
// in Store. With a Token, or with an Authorization in Headers, it is that which
// the server gets.
type AuthOptions struct {
	// Grant is how a token is asked for. Empty selects GrantAuthorizationCode.
	Grant AuthGrant

	// Authorize has a person visit the page of an authorization server, and
	// returns the URL that the person came back to: RedirectURL with the answer in
	// its query. It blocks until then. Its context ends when the answer is no
	// longer wanted, and carries an [Ask]. An error ends what was waiting; one
	// with CodeAuthDenied says that the person does not want to.
	// [LoopbackAuthorizer] and [PasteAuthorizer] have such a method. Without it
	// nobody is asked, and a token that is in Store is used, and renewed.
	Authorize func(context.Context, AuthorizeRequest) (string, error)
	// RedirectURL is where the person comes back to. Authorize needs it.
	RedirectURL string
	// Resumable says that the program may end while a person is asked: what is
	// needed to go on is kept in Store, and the next session with the same server
	// asks once more, with the same URL.
	Resumable bool

	// Store keeps tokens, and what they can be renewed with. Nil selects a
	// MemoryStore of the session's own.
	Store Store

	// ClientID is the program's name at the authorization server, if it is
	// registered there. Empty, it registers itself (RFC 7591).
	ClientID string
	// ClientSecret belongs to ClientID; empty for a public client.
	ClientSecret string
	// ClientAuth is how the program shows that it is ClientID. Empty selects what
	// the authorization server supports.
	ClientAuth ClientAuth
	// ClientMetadataURL is the URL of a document that describes the program, which
	// is its name where such are taken
	// (draft-ietf-oauth-client-id-metadata-document). It goes before ClientID.
	ClientMetadataURL string
	// Registration is what is said of the program when it registers itself, a JSON
	// object (RFC 7591, section 2), besides what follows from the other fields.
	Registration json.RawMessage
	// Issuer is the authorization server that ClientID is registered with; another
	// one is CodeAuthIssuerMismatch. Empty takes the one that the server names.
	Issuer string

	// Scopes are asked for besides those that the server names.
	Scopes []string
	// OnlineOnly leaves out offline_access, which is otherwise asked for where it
	// is supported, so that a token can be renewed without a person.
	OnlineOnly bool

	// Key signs for ClientID (private_key_jwt, RFC 7523): of RSA, ECDSA or
	// Ed25519. It stays here. [ParsePrivateKey] reads one.
	Key crypto.Signer
	// KeyID is the key's name at the authorization server, if it has one.
	KeyID string
	// KeyAlgorithm is the algorithm of Key (RFC 7518, section 3.1), as PS256.
	// Empty selects RS256, ES256, ES384, ES512 or EdDSA, by the kind of key.
	KeyAlgorithm string

	// DPoP binds tokens to a key, which signs each request (RFC 9449).
	DPoP bool
	// DPoPKey is that key; it stays here. Nil makes one for this process: what is
	// in Store can then not be used by another, so give one with a Store that
	// lasts. A DPoPKey says DPoP by itself.
	DPoPKey crypto.Signer

	// Assert returns a token that says who the workload (GrantWorkload) or the
	// person (GrantEnterprise) is. It is asked each time that one is needed.
	Assert func(context.Context, AssertRequest) (string, error)
	// Identity is the identity provider of GrantEnterprise.
	Identity *IdentityProvider
}

// An AuthGrant is a way to ask for a token.
type AuthGrant string

// The ways to ask for a token.
const (
	GrantAuthorizationCode = AuthGrant(wire.GrantAuthorizationCode) // a person logs in (RFC 6749, section 4.1, with PKCE)
	GrantClientCredentials = AuthGrant(wire.GrantClientCredentials) // the program stands for itself (RFC 6749, section 4.4)
	GrantWorkload          = AuthGrant(wire.GrantWorkload)          // it shows a token of the platform it runs on (RFC 7523)
	GrantEnterprise        = AuthGrant(wire.GrantEnterprise)        // the company's identity provider vouches for the person (RFC 8693, then RFC 7523)
)

// ClientAuth is a way to show who the client is.
type ClientAuth string

// The ways to show who the client is.
const (
	ClientAuthNone  = ClientAuth(wire.ClientAuthNone)
	ClientAuthBasic = ClientAuth(wire.ClientAuthBasic)
	ClientAuthPost  = ClientAuth(wire.ClientAuthPost)
	ClientAuthKey   = ClientAuth(wire.ClientAuthKey) // AuthOptions.Key signs
)

// An IdentityProvider is where a person's identity token is exchanged.
type IdentityProvider struct {
	// Issuer names the provider; its metadata is looked up if TokenURL is empty.
	Issuer string
	// TokenURL is its token endpoint.
	TokenURL string
	// ClientID is the program's name there.
	ClientID string
	// ClientSecret belongs to ClientID; empty for a public client.
	ClientSecret string
}

// An AuthorizeRequest asks for a person to visit a page. The context of the
// handler has the server that it is for ([AskFromContext]).
type AuthorizeRequest struct {
	// URL is the page, of https or on loopback. It is to be opened in the person's
	// own browser.
	URL string
	// RedirectURL is where the person comes back to.
	RedirectURL string
	// Issuer is the authorization server, to be shown to the person.
	Issuer string
}

// An AssertRequest asks for a token that says who the workload or the person is.
type AssertRequest struct {
	// Use is AssertWorkload or AssertIdentity.
	Use string
	// Audience is who is to read it: the authorization server, or the identity
	// provider.
	Audience string
}

// The values of AssertRequest.Use.
const (
	AssertWorkload = wire.AssertWorkload // a JWT of the platform that the program runs on
	AssertIdentity = wire.AssertIdentity // the person's identity token (OpenID Connect)
)

// Format hides what is secret from package fmt, whichever the verb.
func (a AuthOptions) Format(s fmt.State, _ rune) {
	grant := a.Grant
	if grant == "" {
		grant = GrantAuthorizationCode
	}
	_, _ = io.WriteString(s, "AuthOptions("+string(grant)+")")
}

// Format hides what is secret from package fmt, whichever the verb.
func (p IdentityProvider) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "IdentityProvider") }

// authorization is what a session has of AuthOptions.
type authorization struct {
	opts  AuthOptions
	store Store
	key   *jwtSigner // nil without a Key
	dpop  *jwtSigner // nil without DPoP
	hide  func(string)
}

// newAuthorization checks the options. hide is told what is secret.
func newAuthorization(o *AuthOptions, hide func(string)) (*authorization, error) {
	a := &authorization{opts: *o, store: o.Store, hide: hide}
	a.opts.Scopes = slices.Clone(o.Scopes)
	bad := func(format string, args ...any) error {
		return failure(CodeLocalBadArgument, "ConnectOptions.Auth: "+format, args...)
	}
	switch {
	case o.Grant != "" && !slices.Contains(wire.Grants, string(o.Grant)):
		return nil, bad("Grant is %q; it is one of %s", string(o.Grant), strings.Join(wire.Grants, ", "))
	case o.ClientAuth != "" && !slices.Contains(wire.ClientAuths, string(o.ClientAuth)):
		return nil, bad("ClientAuth is %q; it is one of %s", string(o.ClientAuth), strings.Join(wire.ClientAuths, ", "))
	case o.Authorize != nil && o.RedirectURL == "":
		return nil, bad("Authorize needs a RedirectURL")
	case (o.Grant == GrantWorkload || o.Grant == GrantEnterprise) && o.Assert == nil:
		return nil, bad("the grant %s needs Assert", o.Grant)
	case o.Grant == GrantEnterprise && o.Identity == nil:
		return nil, bad("the grant %s needs Identity", o.Grant)
	case o.ClientAuth == ClientAuthKey && o.Key == nil:
		return nil, bad("ClientAuth is %s, which needs a Key", o.ClientAuth)
	case len(o.Registration) > 0 && !json.Valid(o.Registration):
		return nil, bad("Registration is not JSON")
	}
	if o.RedirectURL != "" {
		if u, err := url.Parse(o.RedirectURL); err != nil || u.Scheme == "" || u.Fragment != "" {
			return nil, bad("RedirectURL is not an absolute URL without a fragment")
		}
	}
	var err error
	if o.Key != nil {
		if a.key, err = newClientSigner(o.Key, o.KeyID, o.KeyAlgorithm); err != nil {
			return nil, bad("Key: %v", err)
		}
	}
	if o.DPoP || o.DPoPKey != nil {
		if a.dpop, err = newDPoPSigner(o.DPoPKey); err != nil {
			return nil, bad("DPoPKey: %v", err)
		}
	}
	if a.store == nil {
		a.store = NewMemoryStore()
	}
	for _, secret := range append([]string{o.ClientSecret}, a.identity().ClientSecret) {
		a.hide(secret)
	}
	return a, nil
}

func (a *authorization) identity() IdentityProvider {
	if a.opts.Identity == nil {
		return IdentityProvider{}
	}
	return *a.opts.Identity
}

// origins are the URLs that the application itself gave.
func (a *authorization) origins() []string {
	return []string{a.opts.Issuer, a.identity().Issuer, a.identity().TokenURL}
}

// wire returns what the core is told; nil without Auth. Functions and keys stay
// here.
func (a *authorization) wire() *wire.Auth {
	if a == nil {
		return nil
	}
	out := &wire.Auth{
		Grant: string(a.opts.Grant), ClientID: a.opts.ClientID, ClientSecret: a.opts.ClientSecret,
		ClientAuth: string(a.opts.ClientAuth), ClientMetadataURL: a.opts.ClientMetadataURL, Issuer: a.opts.Issuer,
		RedirectURL: a.opts.RedirectURL, Scopes: a.opts.Scopes, OnlineOnly: a.opts.OnlineOnly,
		Registration: a.opts.Registration, Resumable: a.opts.Resumable, DPoP: a.dpop != nil,
	}
	if out.ClientAuth == "" && a.key != nil {
		out.ClientAuth = wire.ClientAuthKey
	}
	if a.opts.Identity != nil {
		p := wire.IdentityProvider(*a.opts.Identity)
		out.Identity = &p
	}
	return out
}
