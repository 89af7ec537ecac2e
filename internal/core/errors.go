package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/exchange"
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
	default:
		out = *newError(wire.CodeHTTPNotMCP, "the server's answer does not fit the specification: %s", wire.Excerpt([]byte(exchange.PlainMessage(err))))
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

// maxMessageBytes bounds an error's message in a header, which JSON can make six
// times as long.
const maxMessageBytes = 8 << 10

// doneHeader fits a failure into a done frame: data that does not fit into the
// header becomes the payload.
func doneHeader(err *wire.Error) (wire.Done, []byte) {
	out := *err
	if len(out.Message) > maxMessageBytes {
		out.Message = strings.ToValidUTF8(out.Message[:maxMessageBytes], "") + "..."
	}
	done := wire.Done{Error: &out}
	if raw, jerr := json.Marshal(done); jerr == nil && len(raw) <= wire.MaxHeaderBytes {
		return done, nil
	}
	data := out.Data
	out.Data = nil
	done.DataInPayload = len(data) > 0
	return done, data
}
