package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

func newError(code wire.Code, format string, args ...any) *wire.Error {
	return &wire.Error{Code: code, Message: fmt.Sprintf(format, args...), Sent: wire.SentNo}
}

func badFrame(format string, args ...any) *wire.Error {
	return newError(wire.CodeLocalBadFrame, format, args...)
}

func badArgument(format string, args ...any) *wire.Error {
	return newError(wire.CodeLocalBadArgument, format, args...)
}

// asError returns err as the boundary's error.
func asError(err error) *wire.Error {
	var werr *wire.Error
	if errors.As(err, &werr) {
		return werr
	}
	return newError(wire.CodeLocalBadArgument, "%v", err)
}

// failure says how a call failed. The most telling reason wins: that it was
// ended from outside, then what the exchange saw, then what the SDK says.
func (cl *call) failure(err error) *wire.Error {
	var out wire.Error
	var werr *wire.Error
	var rejected *jsonrpc.Error
	seen := cl.exchange.Err()
	switch {
	case cl.ended(&werr):
		out = *werr
		out.Sent = cl.exchange.Sent()
	case seen != nil:
		out = *seen
	case errors.As(err, &werr):
		out = *werr
	case errors.Is(err, mcp.ErrConnectionClosed):
		out = *newError(wire.CodeLocalClosed, "the session is closed")
		out.Sent = cl.exchange.Sent()
	case cl.answered.Load() && errors.As(err, &rejected):
		// The SDK holds an answer against the question's schema before it goes
		// to the server. What it says quotes the answer.
		out = *badArgument("the application's answer does not fit what the server asked for")
		out.Sent = cl.exchange.Sent()
	default:
		out = *newError(wire.CodeHTTPNotMCP, "the server's answer does not fit the specification: %s", wire.Excerpt([]byte(plain(err))))
		out.Sent = cl.exchange.Sent()
	}
	out.Retryable = out.Sent == wire.SentNo &&
		(out.Code == wire.CodeHTTPNetwork || out.Code == wire.CodeHTTPSessionGone)
	return &out
}

// ended reports whether the call was ended from outside: cancelled, timed out,
// its session closed.
func (cl *call) ended(why **wire.Error) bool {
	return cl.ctx.Err() != nil && errors.As(context.Cause(cl.ctx), why)
}

// plain is an error's text without the URL that net/http puts in it, which may
// hold secrets in its query.
func plain(err error) string {
	var uerr *url.Error
	if errors.As(err, &uerr) {
		return uerr.Err.Error()
	}
	return err.Error()
}

// maxMessageBytes bounds an error's message in a header.
const maxMessageBytes = 8 << 10

// doneHeader fits a failure into a done frame: data that is too large for the
// header becomes the payload.
func doneHeader(err *wire.Error) (wire.Done, []byte) {
	out := *err
	if len(out.Message) > maxMessageBytes {
		out.Message = out.Message[:maxMessageBytes] + "..."
	}
	if len(out.Data) <= wire.MaxHeaderBytes/2 && json.Valid(out.Data) {
		return wire.Done{Error: &out}, nil
	}
	data := out.Data
	out.Data = nil
	return wire.Done{Error: &out, DataInPayload: len(data) > 0}, data
}
