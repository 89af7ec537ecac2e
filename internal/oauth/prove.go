package oauth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/remora-mcp/remora/internal/wire"
)

// signTime bounds the wait for a signature, for which a person may have to touch
// something.
const signTime = 2 * time.Minute

// useNonce is the error that asks for a proof with the nonce that comes with it
// (RFC 9449, sections 8 and 9).
const useNonce = "use_dpop_nonce"

// maxNonceBytes bounds a nonce.
const maxNonceBytes = 1 << 10

// sign has the application sign claims.
func (c *Client) sign(ctx context.Context, use, typ string, claims any) (string, error) {
	if !c.cfg.Answers("sign") {
		return "", failure(wire.CodePolicyHandlerMissing, "a key is needed, and the application has no handler for sign")
	}
	raw, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	var signed wire.Signed
	if err := c.ask(ctx, "sign", signTime, wire.Sign{Use: use, Typ: typ, Claims: raw}, &signed); err != nil {
		return "", err
	}
	if !isToken(signed.JWT) || strings.Count(signed.JWT, ".") != 2 {
		return "", failure(wire.CodeLocalBadArgument, "the answer to sign is not a JWT")
	}
	return signed.JWT, nil
}

// prove adds a proof of possession to a request (RFC 9449, section 4.2).
func (c *Client) prove(ctx context.Context, header http.Header, method, to, access string) error {
	u, err := url.Parse(to)
	if err != nil {
		return failure(wire.CodeLocalBadURL, "not a URL")
	}
	key := origin(u)
	u.RawQuery, u.ForceQuery, u.Fragment, u.RawFragment = "", false, "", ""
	claims := struct {
		ID     string `json:"jti"`
		Method string `json:"htm"`
		URL    string `json:"htu"`
		At     int64  `json:"iat"`
		Hash   string `json:"ath,omitempty"`
		Nonce  string `json:"nonce,omitempty"`
	}{ID: rand.Text(), Method: method, URL: u.String(), At: c.now() / 1000}
	if access != "" {
		sum := sha256.Sum256([]byte(access))
		claims.Hash = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	c.mu.Lock()
	claims.Nonce = c.nonces[key]
	c.mu.Unlock()
	proof, err := c.sign(ctx, wire.SignDPoP, "dpop+jwt", claims)
	if err != nil {
		return err
	}
	header.Set("DPoP", proof)
	return nil
}

// takeNonce keeps the nonce of an answer for the next proof to the same origin.
// It reports whether that is another than before.
func (c *Client) takeNonce(from string, header http.Header) bool {
	nonce := header.Get("DPoP-Nonce")
	if !c.cfg.Auth.DPoP || nonce == "" || len(nonce) > maxNonceBytes {
		return false
	}
	u, err := url.Parse(from)
	if err != nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := origin(u)
	fresh := c.nonces[key] != nonce
	if _, known := c.nonces[key]; !known && len(c.nonces) >= maxNonces {
		clear(c.nonces)
	}
	c.nonces[key] = nonce
	return fresh
}

// maxNonces bounds how many origins' nonces are kept.
const maxNonces = 16

// assertionLife is how long an assertion of the client's is good, in seconds.
const assertionLife = 60

// clientAssertion makes the JWT by which a client shows that it is who it says
// (RFC 7523, section 3).
func (c *Client) clientAssertion(ctx context.Context, id, audience string) (string, error) {
	now := c.now() / 1000
	return c.sign(ctx, wire.SignClient, "", struct {
		Issuer   string `json:"iss"`
		Subject  string `json:"sub"`
		Audience string `json:"aud"`
		ID       string `json:"jti"`
		At       int64  `json:"iat"`
		Ends     int64  `json:"exp"`
	}{id, id, audience, rand.Text(), now, now + assertionLife})
}
