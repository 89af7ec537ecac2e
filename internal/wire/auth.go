package wire

import "encoding/json"

// Auth says how a session gets an access token from an authorization server
// (specification 2025-11-25 and 2026-07-28, basic/authorization). Tokens live in
// the core and in the application's store; a request to the server's own origin
// carries the token that was issued for that server, and no other does. With an
// Authorization header of the application's own, it is that which counts.
type Auth struct {
	// Grant is how a token is asked for: one of the Grants. Absent for
	// GrantAuthorizationCode.
	Grant string `json:"grant,omitempty"`
	// ClientID is the client's name at the authorization server, if it is
	// registered there. Absent, the client registers itself (RFC 7591).
	ClientID string `json:"clientId,omitempty"`
	// ClientSecret belongs to ClientID; absent for a public client.
	ClientSecret string `json:"clientSecret,omitempty"`
	// ClientAuth is how the client shows that it is ClientID: one of the
	// ClientAuths. Absent for what the authorization server supports.
	ClientAuth string `json:"clientAuth,omitempty"`
	// ClientMetadataURL is the URL of the client's metadata document, which is its
	// name at an authorization server that takes such
	// (draft-ietf-oauth-client-id-metadata-document). It goes before ClientID.
	ClientMetadataURL string `json:"clientMetadataUrl,omitempty"`
	// Issuer is the authorization server that ClientID is registered with. Another
	// one is auth/issuer_mismatch. Absent for whichever the server names.
	Issuer string `json:"issuer,omitempty"`
	// RedirectURL is where the authorization server sends the person back to.
	// GrantAuthorizationCode needs it.
	RedirectURL string `json:"redirectUrl,omitempty"`
	// Scopes are asked for besides those that the server names.
	Scopes []string `json:"scopes,omitempty"`
	// OnlineOnly leaves out offline_access, which is otherwise asked for where the
	// authorization server supports it, so that a token can be renewed.
	OnlineOnly bool `json:"onlineOnly,omitempty"`
	// Registration is what is said of the client when it registers itself (RFC
	// 7591, section 2), besides what follows from the other fields. Absent for the
	// name in ClientInfo.
	Registration json.RawMessage `json:"registration,omitempty"`
	// Resumable says that the application may end while a person is asked, as a
	// page does that the person leaves: what is needed to go on is kept in the
	// store, and the question is asked once more, with the same URL, by the next
	// session with the same server.
	Resumable bool `json:"resumable,omitempty"`
	// DPoP binds tokens to a key of the application's, which signs each request
	// (RFC 9449). It needs a handler for sign.
	DPoP bool `json:"dpop,omitempty"`
	// Identity is the identity provider of GrantEnterprise.
	Identity *IdentityProvider `json:"identity,omitempty"`
}

// The values of Auth.Grant.
const (
	// GrantAuthorizationCode asks a person (RFC 6749, section 4.1, with PKCE). It
	// needs a handler for authorize.
	GrantAuthorizationCode = "authorization_code"
	// GrantClientCredentials asks nobody (RFC 6749, section 4.4).
	GrantClientCredentials = "client_credentials"
	// GrantWorkload shows a token of the workload's, which a handler for assert
	// gives (RFC 7523).
	GrantWorkload = "workload"
	// GrantEnterprise has the company's identity provider exchange the person's
	// identity token, which a handler for assert gives, for one that the
	// authorization server takes (RFC 8693, then RFC 7523).
	GrantEnterprise = "enterprise"
)

// Grants lists the values of Auth.Grant.
var Grants = []string{GrantAuthorizationCode, GrantClientCredentials, GrantWorkload, GrantEnterprise}

// The values of Auth.ClientAuth.
const (
	ClientAuthNone  = "none"
	ClientAuthBasic = "client_secret_basic"
	ClientAuthPost  = "client_secret_post"
	// ClientAuthKey has the application's key sign (RFC 7523, section 2.2). It
	// needs a handler for sign.
	ClientAuthKey = "private_key_jwt"
)

// ClientAuths lists the values of Auth.ClientAuth.
var ClientAuths = []string{ClientAuthNone, ClientAuthBasic, ClientAuthPost, ClientAuthKey}

// IdentityProvider is where a person's identity token is exchanged.
type IdentityProvider struct {
	// Issuer names the provider: its metadata is looked up if TokenURL is absent.
	Issuer string `json:"issuer,omitempty"`
	// TokenURL is its token endpoint.
	TokenURL string `json:"tokenUrl,omitempty"`
	// ClientID is the client's name there.
	ClientID string `json:"clientId,omitempty"`
	// ClientSecret belongs to ClientID; absent for a public client.
	ClientSecret string `json:"clientSecret,omitempty"`
}

// Challenge is the data of errors about credentials (auth/...): what the server,
// or the authorization server, said of them (RFC 6750, section 3; RFC 6749,
// section 5.2).
type Challenge struct {
	// Scheme is the scheme of the challenge, in lower case: bearer, dpop, basic.
	Scheme string `json:"scheme,omitempty"`
	// Error is the error's name, as invalid_token or access_denied.
	Error string `json:"error,omitempty"`
	// Description is for a developer to read.
	Description string `json:"description,omitempty"`
	// Scopes are the scopes that are wanted.
	Scopes []string `json:"scopes,omitempty"`
	// ResourceMetadata is where the server's metadata is said to be (RFC 9728,
	// section 5.1).
	ResourceMetadata string `json:"resourceMetadata,omitempty"`
}

// Authorize holds the parameters of the authorize question: a person is to visit
// a page.
type Authorize struct {
	// URL is the page, of https or on loopback.
	URL string `json:"url"`
	// RedirectURL is where the person comes back to.
	RedirectURL string `json:"redirectUrl"`
	// Issuer is the authorization server, to be shown to the person.
	Issuer string `json:"issuer"`
}

// Authorized is the answer to authorize.
type Authorized struct {
	// URL is what the person came back to: RedirectURL with the authorization
	// server's answer in its query.
	URL string `json:"url"`
}

// Sign holds the parameters of the sign question: a JWT is to be signed with a
// key that stays with the application.
type Sign struct {
	// Use says which key: one of the SignUses.
	Use string `json:"use"`
	// Typ is the typ of the JWT's header, if it is to have one.
	Typ string `json:"typ,omitempty"`
	// Claims are the JWT's payload, a JSON object to be taken byte for byte.
	Claims json.RawMessage `json:"claims"`
}

// The values of Sign.Use.
const (
	// SignClient is the key by which the authorization server knows the client.
	// The header says alg and, if the key has one, kid.
	SignClient = "client"
	// SignDPoP is the key that tokens are bound to (RFC 9449). The header says alg
	// and jwk, the public key.
	SignDPoP = "dpop"
)

// SignUses lists the values of Sign.Use.
var SignUses = []string{SignClient, SignDPoP}

// Signed is the answer to sign.
type Signed struct {
	// JWT is the signed JWT in its compact form (RFC 7515, section 3.1).
	JWT string `json:"jwt"`
}

// Assert holds the parameters of the assert question: a token is wanted that says
// who the workload or the person is.
type Assert struct {
	// Use says which: one of the AssertUses.
	Use string `json:"use"`
	// Audience is who is to read it: the authorization server, or the identity
	// provider.
	Audience string `json:"audience"`
}

// The values of Assert.Use.
const (
	// AssertWorkload is a JWT of the platform that the program runs on.
	AssertWorkload = "workload"
	// AssertIdentity is the person's identity token (OpenID Connect).
	AssertIdentity = "identity"
)

// AssertUses lists the values of Assert.Use.
var AssertUses = []string{AssertWorkload, AssertIdentity}

// Asserted is the answer to assert.
type Asserted struct {
	// Token is the JWT.
	Token string `json:"token"`
}

// Store holds the parameters of the store question: something is to be read from
// or written to the application's store of credentials. Keys and values are
// opaque; values are secret.
type Store struct {
	// Op is what is to be done: one of the StoreOps.
	Op string `json:"op"`
	// Key is at most MaxStoreKeyBytes of printable ASCII.
	Key string `json:"key"`
	// Value is what is to be kept, at most MaxStoreValueBytes (set, swap). Absent
	// from swap, the entry is deleted.
	Value *string `json:"value,omitempty"`
	// Was is the value that has to be there for swap to do anything. Absent, there
	// has to be none.
	Was *string `json:"was,omitempty"`
}

// The values of Store.Op.
const (
	// StoreGet reads an entry.
	StoreGet = "get"
	// StoreSet writes an entry, whatever was there.
	StoreSet = "set"
	// StoreSwap writes or deletes an entry if it is as expected, in one step that
	// nobody who shares the store can come between.
	StoreSwap = "swap"
	// StoreDelete deletes an entry; one that is not there is no error.
	StoreDelete = "delete"
)

// StoreOps lists the values of Store.Op.
var StoreOps = []string{StoreGet, StoreSet, StoreSwap, StoreDelete}

// Bounds of what is stored.
const (
	MaxStoreKeyBytes   = 512
	MaxStoreValueBytes = 64 << 10
)

// Stored is the answer to store.
type Stored struct {
	// Value is what is there (get); absent if there is nothing.
	Value *string `json:"value,omitempty"`
	// Swapped says that the entry was as expected, and is as wanted (swap).
	Swapped bool `json:"swapped,omitempty"`
}

// A Login holds the parameters of the login command.
type Login struct {
	LoginServer
	// Again asks for a new token though there is one that is good.
	Again bool `json:"again,omitempty"`
}

// A LoginServer says which server the commands login, logout and whoami are
// about. They begin a session, as connect's call, and end it.
type LoginServer struct {
	OnceServer
	// Handlers names the asks that the application answers, as in Connect.
	Handlers []string `json:"handlers,omitempty"`
	// Auth says how a token is got.
	Auth Auth `json:"auth"`
}

// A Logout holds the parameters of the logout command.
type Logout struct {
	LoginServer
}

// A Whoami holds the parameters of the whoami command.
type Whoami struct {
	LoginServer
}

// LoginStatus is the result of login, logout and whoami. It has no secrets.
type LoginStatus struct {
	// Authorized says that there is a token, which may have to be renewed.
	Authorized bool `json:"authorized"`
	// Issuer is the authorization server.
	Issuer string `json:"issuer,omitempty"`
	// ClientID is the client's name there.
	ClientID string `json:"clientId,omitempty"`
	// Subject is who the token is for, where the authorization server said so in
	// an identity token.
	Subject string `json:"subject,omitempty"`
	// Scopes are the token's.
	Scopes []string `json:"scopes,omitempty"`
	// ExpiresMs is when the token expires: milliseconds since 1970. Absent if that
	// was not said.
	ExpiresMs int64 `json:"expiresMs,omitempty"`
	// Renewable says that the token can be renewed without a person.
	Renewable bool `json:"renewable,omitempty"`
	// Revoked says that the authorization server has taken note of a logout (RFC
	// 7009).
	Revoked bool `json:"revoked,omitempty"`
}
