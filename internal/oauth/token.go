package oauth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/remora-mcp/remora/internal/challenge"
	"github.com/remora-mcp/remora/internal/wire"
)

// tokenAnswer is what a token endpoint says (RFC 6749, sections 5.1 and 5.2; RFC
// 8693, section 2.2).
type tokenAnswer struct {
	Access      string          `json:"access_token"`
	Type        string          `json:"token_type"`
	Issued      string          `json:"issued_token_type"`
	ExpiresIn   json.RawMessage `json:"expires_in"`
	Refresh     string          `json:"refresh_token"`
	Scope       *string         `json:"scope"`
	ID          string          `json:"id_token"`
	Error       string          `json:"error"`
	Description string          `json:"error_description"`
}

// A tokenRequest is one request to a token endpoint.
type tokenRequest struct {
	url    string
	client *registration // nil: nobody in particular
	// audience is whom a signed assertion of the client is for.
	audience string
	form     form
	// plain leaves the proof of possession out.
	plain bool
}

// tokenRequest asks for a token. A refusal is a *refusal.
func (c *Client) tokenRequest(ctx context.Context, req *tokenRequest) (*tokenAnswer, error) {
	const what = "the token endpoint"
	for again := false; ; again = true {
		header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
		form, err := c.showClient(ctx, req, header)
		if err != nil {
			return nil, err
		}
		bound := c.cfg.Auth.DPoP && !req.plain
		if bound {
			if err := c.prove(ctx, header, http.MethodPost, req.url, ""); err != nil {
				return nil, err
			}
		}
		got, err := c.fetch(ctx, what, http.MethodPost, req.url, header, form.encode())
		if err != nil {
			return nil, err
		}
		fresh := c.takeNonce(req.url, got.header)
		var said tokenAnswer
		err = json.Unmarshal(got.body, &said)
		if got.status != http.StatusOK || said.Error != "" {
			if bound && said.Error == useNonce && fresh && !again {
				continue
			}
			return nil, newRefusal(got.status, said.Error, said.Description, form.secrets()...)
		}
		if err != nil || !isToken(said.Access) || len(said.Refresh) > maxValueBytes {
			return nil, failure(wire.CodeAuthDenied, "the answer of the token endpoint is not of its form")
		}
		return &said, nil
	}
}

// A form is the body of a request: names and values in turn.
type form []string

// encode writes the form (application/x-www-form-urlencoded).
func (f form) encode() []byte {
	var out []byte
	for i, text := range f {
		switch {
		case i == 0:
		case i%2 == 0:
			out = append(out, '&')
		default:
			out = append(out, '=')
		}
		out = append(out, url.QueryEscape(text)...)
	}
	return out
}

// secrets returns what of a form nobody is to see.
func (f form) secrets() []string {
	var out []string
	for i := 0; i < len(f); i += 2 {
		switch f[i] {
		case "code", "code_verifier", "refresh_token", "client_secret", "assertion", "client_assertion", "subject_token", "token":
			out = append(out, f[i+1])
		}
	}
	return out
}

// showClient returns the form of a request, with who the client is in it or in the
// header (RFC 6749, section 2.3; RFC 7523, section 2.2).
func (c *Client) showClient(ctx context.Context, req *tokenRequest, header http.Header) (form, error) {
	client, out := req.client, slices.Clip(req.form)
	if client == nil {
		return out, nil
	}
	if client.Method == wire.ClientAuthBasic {
		pair := url.QueryEscape(client.ID) + ":" + url.QueryEscape(client.Secret)
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
		return out, nil
	}
	out = append(out, "client_id", client.ID)
	switch client.Method {
	case wire.ClientAuthPost:
		out = append(out, "client_secret", client.Secret)
	case wire.ClientAuthKey:
		jwt, err := c.clientAssertion(ctx, client.ID, req.audience)
		if err != nil {
			return nil, err
		}
		out = append(out, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion", jwt)
	}
	return out, nil
}

// taken makes a token of an answer. asked are the scopes that were asked for.
func (c *Client) taken(said *tokenAnswer, asked []string) (*token, error) {
	tok := &token{Access: said.Access, Type: strings.ToLower(said.Type), Refresh: said.Refresh, Asked: asked, Scopes: asked, Subject: subject(said.ID)}
	switch {
	case tok.Type == "" && !c.cfg.Auth.DPoP:
		tok.Type = typeBearer // some leave it out
	case c.cfg.Auth.DPoP && tok.Type != typeDPoP:
		return nil, failure(wire.CodeAuthDenied, "the authorization server issued a token of the type %s, which is not bound to the key", said.Type)
	case tok.Type != typeBearer && tok.Type != typeDPoP, tok.Type == typeDPoP && !c.cfg.Auth.DPoP:
		return nil, failure(wire.CodeAuthDenied, "the authorization server issued a token of the type %s, which cannot be used", said.Type)
	}
	if said.Scope != nil {
		tok.Scopes = challenge.Scopes(*said.Scope)
	}
	if life, ok := seconds(said.ExpiresIn); ok {
		now := c.now()
		tok.ExpiresMs = now + life*1000
		tok.RenewMs = tok.ExpiresMs - min(earlyMs, life*1000/4)
	}
	return tok, nil
}

// earlyMs is how long before its end a token is renewed, at most.
const earlyMs = 30_000

// maxSeconds bounds times that are said: about a hundred years.
const maxSeconds = 100 * 366 * 24 * 3600

// seconds reads a positive number of seconds, which some write as a string.
func seconds(raw json.RawMessage) (int64, bool) {
	text := strings.Trim(string(raw), `"`)
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n > 0) {
		return 0, false
	}
	return int64(min(n, maxSeconds)), true
}

// subject reads who an identity token is about. It comes from the token endpoint
// itself and is only shown, so its signature is of no interest.
func subject(idToken string) string {
	parts := strings.SplitN(idToken, ".", 4)
	if len(parts) != 3 || len(parts[1]) > maxValueBytes {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var claims struct {
		Subject string `json:"sub"`
	}
	if json.Unmarshal(payload, &claims) != nil {
		return ""
	}
	return shown(claims.Subject)
}
