package wire

import (
	"encoding/json"
	"unicode"
	"unicode/utf8"
)

// A Code names a failure. The part before the slash is its family, which is
// what a program usually needs: local (remora or its caller), http (the way to
// the server), rpc (the server's own answer), auth, policy, plugin.
type Code string

// The codes. Each row of Codes says when it is met.
const (
	CodeLocalBadArgument Code = "local/bad_argument"
	CodeLocalBadURL      Code = "local/bad_url"
	CodeLocalClosed      Code = "local/closed"
	CodeLocalCancelled   Code = "local/cancelled"
	CodeLocalTimeout     Code = "local/timeout"
	CodeLocalTooLarge    Code = "local/too_large"
	CodeLocalBadFrame    Code = "local/bad_frame"
	CodeLocalABIMismatch Code = "local/abi_mismatch"
	CodeLocalUnsupported Code = "local/unsupported"

	CodeHTTPStatus      Code = "http/status"
	CodeHTTPNotMCP      Code = "http/not_mcp"
	CodeHTTPNetwork     Code = "http/network"
	CodeHTTPCORS        Code = "http/cors"
	CodeHTTPSessionGone Code = "http/session_gone"

	CodeRPCError         Code = "rpc/error"
	CodeRPCInvalidResult Code = "rpc/invalid_result"

	CodeAuthRequired          Code = "auth/required"
	CodeAuthDenied            Code = "auth/denied"
	CodeAuthInsufficientScope Code = "auth/insufficient_scope"
	CodeAuthRefreshFailed     Code = "auth/refresh_failed"
	CodeAuthIssuerMismatch    Code = "auth/issuer_mismatch"

	CodePolicyOrigin         Code = "policy/origin"
	CodePolicyRedirect       Code = "policy/redirect"
	CodePolicyPrivateAddress Code = "policy/private_address"
	CodePolicyHandlerMissing Code = "policy/handler_missing"

	CodePluginTrap     Code = "plugin/trap"
	CodePluginDeadline Code = "plugin/deadline"
	CodePluginMissing  Code = "plugin/missing"
)

// Sent says whether the request that failed can have reached the server.
type Sent string

// The values of Sent.
const (
	// SentNo: nothing reached the server; the call was not executed.
	SentNo Sent = "no"
	// SentYes: the server answered; it has seen the call.
	SentYes Sent = "yes"
	// SentUnknown: the call may or may not have been executed.
	SentUnknown Sent = "unknown"
)

// Error is the one error type of the boundary. Its message never holds a URL's
// query, a header's value, or more than MaxExcerptBytes of a body.
type Error struct {
	// Code names the failure.
	Code Code `json:"code"`
	// Message is for a person.
	Message string `json:"message"`
	// Data is the server's error data, verbatim (rpc/error), or details of the
	// code (auth/...: the challenge).
	Data json.RawMessage `json:"data,omitempty"`
	// Status is the HTTP status, where there was one.
	Status int `json:"status,omitempty"`
	// RPCCode is the server's own error number (rpc/error).
	RPCCode int64 `json:"rpcCode,omitempty"`
	// Retryable is true only if the call was certainly not executed, or the
	// tool is marked read-only or idempotent and the application trusts such
	// marks.
	Retryable bool `json:"retryable"`
	// Sent says whether the call can have reached the server.
	Sent Sent `json:"sent"`
}

// Error returns the code and the message.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Is reports whether target is a *Error of the same code, so that
// errors.Is(err, &wire.Error{Code: wire.CodeLocalTimeout}) asks for a kind of
// failure.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// MaxExcerptBytes bounds what an error message quotes of a body.
const MaxExcerptBytes = 200

// Excerpt returns the first printable bytes of a body, at most MaxExcerptBytes,
// for an error message: whatever is not printable (control and format characters,
// invalid UTF-8) becomes a space, and runs of space are folded.
func Excerpt(body []byte) string {
	if len(body) > 4*MaxExcerptBytes {
		body = body[:4*MaxExcerptBytes]
	}
	out := make([]byte, 0, MaxExcerptBytes)
	space := true // folds leading space
	for _, r := range string(body) {
		if r == ' ' || r == utf8.RuneError || !unicode.IsPrint(r) {
			if !space {
				out = append(out, ' ')
				space = true
			}
			continue
		}
		if len(out)+len(string(r)) > MaxExcerptBytes {
			break
		}
		out = append(out, string(r)...)
		space = false
	}
	if n := len(out); n > 0 && out[n-1] == ' ' {
		out = out[:n-1]
	}
	return string(out)
}
