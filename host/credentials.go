package host

import (
	"context"
	"log/slog"
	"net/http"
	"net/textproto"
	"strings"

	"github.com/remora-mcp/remora/internal/mask"
)

// credentials are the headers and the token that the application gave for one
// session. They stay here: they are added to each request that goes to the
// server's own origin, hop by hop, and never enter the plugin.
type credentials struct {
	headers http.Header // canonical names
	token   func(context.Context) (string, error)
	logger  *slog.Logger
	known   mask.Masker // of the values, for the trace
}

// reservedHeaders are the ones that belong to the protocol or to the
// connection, which an application may not set. Headers that begin with Mcp-,
// Proxy- or Sec-Websocket- are reserved too.
var reservedHeaders = map[string]bool{
	"Accept":            true,
	"Accept-Encoding":   true, // would turn off the decoding of compressed answers
	"Connection":        true,
	"Content-Encoding":  true,
	"Content-Length":    true,
	"Content-Type":      true,
	"Expect":            true,
	"Host":              true,
	"Idempotency-Key":   true, // would make net/http repeat a request that may have been executed
	"X-Idempotency-Key": true,
	"Keep-Alive":        true,
	"Last-Event-Id":     true,
	"Te":                true,
	"Trailer":           true,
	"Transfer-Encoding": true,
	"Upgrade":           true,
}

// newCredentials checks and copies what the application gave. Its errors name
// headers but never quote a value.
func newCredentials(headers http.Header, token func(context.Context) (string, error), logger *slog.Logger) (*credentials, error) {
	c := &credentials{headers: make(http.Header, len(headers)), token: token, logger: logger}
	for name, values := range headers {
		if !isToken(name) {
			return nil, failure(CodeLocalBadArgument, "ConnectOptions.Headers: %q is not a header's name", name)
		}
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		if reservedHeaders[canonical] || strings.HasPrefix(canonical, "Mcp-") || strings.HasPrefix(canonical, "Proxy-") ||
			strings.HasPrefix(canonical, "Sec-Websocket-") {
			return nil, failure(CodeLocalBadArgument, "ConnectOptions.Headers: %s belongs to the protocol and cannot be set", canonical)
		}
		for _, v := range values {
			if !isFieldValue(v) {
				return nil, failure(CodeLocalBadArgument, "ConnectOptions.Headers: the value of %s holds characters that no header may hold", canonical)
			}
			c.headers.Add(canonical, v)
		}
	}
	if token != nil {
		c.headers.Del("Authorization")
	}
	for _, values := range c.headers {
		for _, v := range values {
			c.known.LearnHeader(v, true)
		}
	}
	return c, nil
}

// add puts the credentials onto a request to the server's own origin. They
// replace a header of the same name that the plugin set. It may block in the
// application's token function.
func (c *credentials) add(ctx context.Context, h http.Header) *Error {
	for name, values := range c.headers {
		h[name] = append([]string(nil), values...)
	}
	if c.headers["Authorization"] != nil {
		h.Del("Dpop") // belongs to the token that was replaced
	}
	if c.token == nil {
		return nil
	}
	token, err := callToken(ctx, c.token)
	if err != nil {
		if ctx.Err() == nil {
			c.logger.Warn("the application's token function failed", "error", err)
		}
		// What the function says stays here, since the error passes through
		// the plugin.
		return failure(CodeAuthRefreshFailed, "the application's token function failed")
	}
	if token == "" {
		return nil
	}
	if !isFieldValue(token) || strings.ContainsAny(token, " \t") {
		return failure(CodeLocalBadArgument, "the application's token function returned characters that no token may hold")
	}
	c.known.LearnHeader(token, false) // which forgets old tokens, but no header
	h.Set("Authorization", "Bearer "+token)
	h.Del("Dpop")
	return nil
}

// callToken calls the application's function. A panic in it is an error, since
// it runs on a goroutine that is not the application's.
func callToken(ctx context.Context, token func(context.Context) (string, error)) (s string, err error) {
	defer recoverAs(&err)
	return token(ctx)
}

// isToken reports whether s is a token of RFC 9110, section 5.6.2: a method or
// a header's name.
func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		alnum := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !alnum && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

// isFieldValue reports whether s can be a header's value (RFC 9110, section
// 5.5): no control character but the tab.
func isFieldValue(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' && s[i] != '\t' || s[i] == 0x7f {
			return false
		}
	}
	return true
}
