package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/remora-mcp/remora/internal/wire"
)

// A Code names a failure. The part before the slash is its family: local (this
// program), http (the way to the server), rpc (the server's own answer), auth,
// policy, plugin.
type Code = wire.Code

// Sent says whether the request that failed can have reached the server.
type Sent = wire.Sent

// The values of Sent.
const (
	SentNo      = wire.SentNo      // nothing reached the server: the call was not executed
	SentYes     = wire.SentYes     // the server answered: it has seen the call
	SentUnknown = wire.SentUnknown // the call may or may not have been executed
)

// The codes of local failures.
const (
	CodeLocalBadArgument = wire.CodeLocalBadArgument // the caller gave something that cannot be right; nothing was sent
	CodeLocalBadURL      = wire.CodeLocalBadURL      // not an absolute http or https URL; nothing was sent
	CodeLocalClosed      = wire.CodeLocalClosed      // the session, or the runtime, is closed
	CodeLocalCancelled   = wire.CodeLocalCancelled   // the caller cancelled
	CodeLocalTimeout     = wire.CodeLocalTimeout     // nothing was heard for the time allowed, or the total time is over
	CodeLocalTooLarge    = wire.CodeLocalTooLarge    // an answer, an event, its nesting or the number of calls passes a limit
	CodeLocalBadFrame    = wire.CodeLocalBadFrame    // the plugin and this package do not fit together
	CodeLocalABIMismatch = wire.CodeLocalABIMismatch // the plugin speaks another major of the boundary
	CodeLocalUnsupported = wire.CodeLocalUnsupported // this build, or the server, cannot do that
)

// The codes of failures on the way to the server.
const (
	CodeHTTPStatus      = wire.CodeHTTPStatus      // a status that MCP gives no meaning to
	CodeHTTPNotMCP      = wire.CodeHTTPNotMCP      // what answered is not an MCP server
	CodeHTTPNetwork     = wire.CodeHTTPNetwork     // no connection, or it ended before the answer
	CodeHTTPSessionGone = wire.CodeHTTPSessionGone // the server lost the session, and opening a new one did not help
)

// CodeRPCError is the server's own JSON-RPC error: its number is in RPCCode,
// its data in Data.
const CodeRPCError = wire.CodeRPCError

// CodeRPCInvalidResult is a tool's result that does not fit the tool's
// OutputSchema; see AsInvalidResult.
const CodeRPCInvalidResult = wire.CodeRPCInvalidResult

// The codes of failed authorization.
const (
	CodeAuthRequired          = wire.CodeAuthRequired          // the server wants credentials (401)
	CodeAuthDenied            = wire.CodeAuthDenied            // the server refuses this caller (403)
	CodeAuthInsufficientScope = wire.CodeAuthInsufficientScope // the token lacks a scope
	CodeAuthRefreshFailed     = wire.CodeAuthRefreshFailed     // the token could not be had or renewed
	CodeAuthIssuerMismatch    = wire.CodeAuthIssuerMismatch    // the authorization server is not the one it should be
)

// The codes of requests and questions that the policy stops.
const (
	CodePolicyOrigin         = wire.CodePolicyOrigin         // the request would leave the origins allowed
	CodePolicyRedirect       = wire.CodePolicyRedirect       // a redirect that may not be followed
	CodePolicyPrivateAddress = wire.CodePolicyPrivateAddress // the name leads to a private address that is not allowed
	CodePolicyHandlerMissing = wire.CodePolicyHandlerMissing // the server asked something that the application has no handler for
)

// The codes of failures of the plugin itself.
const (
	CodePluginTrap     = wire.CodePluginTrap     // the plugin failed; the next call gets a fresh instance
	CodePluginDeadline = wire.CodePluginDeadline // the plugin ran longer than Options.HardDeadline
	CodePluginMissing  = wire.CodePluginMissing  // the plugin is not built into this program
)

// Error is the error of every method of this package.
//
// Besides [errors.As], it answers to errors.Is with
//   - an *Error that has only a Code: the same kind of failure;
//   - [context.Canceled] if Code is CodeLocalCancelled;
//   - [context.DeadlineExceeded] if Code is CodeLocalTimeout, whichever time
//     was over: the context's, or the call's own;
//   - the error behind it, where there is one (the cause of a context).
type Error struct {
	// Code names the failure.
	Code Code
	// Message is for a person. It holds no header value and no URL's query, and
	// at most 200 bytes of what a server sent.
	Message string
	// Data is the server's error data, verbatim (CodeRPCError), or details of
	// the code.
	Data json.RawMessage
	// Status is the HTTP status, where there was one.
	Status int
	// RPCCode is the server's own error number (CodeRPCError).
	RPCCode int64
	// Retryable is true only if the call was certainly not executed.
	Retryable bool
	// Sent says whether the call can have reached the server.
	Sent Sent

	cause error
}

// Error returns the code and the message.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Unwrap returns the error behind this one, or nil.
func (e *Error) Unwrap() error { return e.cause }

// Is implements the kinds of equality that the type's comment lists.
func (e *Error) Is(target error) bool {
	switch target {
	case context.Canceled:
		return e.Code == CodeLocalCancelled
	case context.DeadlineExceeded:
		return e.Code == CodeLocalTimeout
	}
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// fromWire turns an error that crossed the boundary into one for the caller.
func fromWire(e *wire.Error) *Error {
	return &Error{
		Code:      e.Code,
		Message:   e.Message,
		Data:      e.Data,
		Status:    e.Status,
		RPCCode:   e.RPCCode,
		Retryable: e.Retryable,
		Sent:      e.Sent,
	}
}

// toWire returns the form of e that may cross the boundary.
func (e *Error) toWire() *wire.Error {
	return &wire.Error{
		Code:      e.Code,
		Message:   e.Message,
		Data:      e.Data,
		Status:    e.Status,
		RPCCode:   e.RPCCode,
		Retryable: e.Retryable,
		Sent:      e.Sent,
	}
}

// failure makes an error of this package: nothing was sent, and only what a
// caller or a configuration must change first makes it worth repeating.
func failure(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Sent: SentNo}
}

// asError returns err as a *Error: itself if it is one already, otherwise one
// of the given code that has err behind it.
func asError(err error, code Code) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	var w *wire.Error
	if errors.As(err, &w) {
		return fromWire(w)
	}
	return &Error{Code: code, Message: err.Error(), Sent: SentNo, cause: err}
}

// contextError turns the end of ctx into the error of a call whose request may
// have left.
func contextError(ctx context.Context, sent Sent) *Error {
	e := &Error{Code: CodeLocalCancelled, Message: "the caller cancelled", Sent: sent, Retryable: sent == SentNo}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		e.Code, e.Message = CodeLocalTimeout, "the context's deadline passed"
	}
	if cause := context.Cause(ctx); cause != ctx.Err() {
		e.cause = cause
	}
	return e
}
