package exchange

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/remora-mcp/remora/internal/challenge"
	"github.com/remora-mcp/remora/internal/wire"
)

// sessionHeader names the session (2025-11-25, basic/transports).
const sessionHeader = "Mcp-Session-Id"

// portFailure makes a failure of the port the application's.
func portFailure(err error) *wire.Error {
	var werr *wire.Error
	if errors.As(err, &werr) {
		return werr
	}
	return &wire.Error{Code: wire.CodeHTTPNetwork, Message: PlainMessage(err), Sent: wire.SentUnknown}
}

// PlainMessage is an error's message without the URL that net/http puts in it,
// which may hold secrets in its query.
func PlainMessage(err error) string {
	var uerr *url.Error
	if errors.As(err, &uerr) {
		return uerr.Err.Error()
	}
	return err.Error()
}

// notMCP is the failure of a server whose answer is not MCP.
func notMCP(status int, contentType, what string, body []byte) *wire.Error {
	msg := fmt.Sprintf("the server's answer is not MCP: %s (status %d", what, status)
	if contentType != "" {
		msg += ", " + wire.Excerpt([]byte(contentType))
	}
	msg += ")"
	if e := wire.Excerpt(body); e != "" {
		msg += ": " + e
	}
	return &wire.Error{Code: wire.CodeHTTPNotMCP, Message: msg, Status: status, Sent: wire.SentYes}
}

// decodeFailure says why a message of the server's could not be taken.
func decodeFailure(status int, contentType string, err error, body []byte) *wire.Error {
	switch {
	case errors.Is(err, errTooDeep):
		return &wire.Error{Code: wire.CodeLocalTooLarge, Message: "the server's answer is nested too deeply", Status: status, Sent: wire.SentYes}
	case errors.Is(err, errNotJSONRPC):
		return notMCP(status, contentType, "JSON, but not JSON-RPC", body)
	default:
		return notMCP(status, contentType, "it cannot be decoded", body)
	}
}

func tooLarge(what string, limit int64) *wire.Error {
	return &wire.Error{
		Code:    wire.CodeLocalTooLarge,
		Message: fmt.Sprintf("%s is larger than %d bytes", what, limit),
		Sent:    wire.SentYes,
	}
}

// lostAnswer is the failure of a call whose answer did not come: it may have
// been executed.
func lostAnswer(what string) *wire.Error {
	return &wire.Error{Code: wire.CodeHTTPNetwork, Message: what, Sent: wire.SentUnknown}
}

// statusFailure translates an answer that is not a success. hadSession says
// that the request named a session.
func statusFailure(status int, header http.Header, body []byte, hadSession bool) *wire.Error {
	contentType := mediaType(header)
	// The server may say in JSON-RPC what it means.
	if contentType == "application/json" {
		if m, err := parseIncoming(body, wire.DefaultMaxDepth); err == nil && m.Error != nil &&
			status != http.StatusUnauthorized && status != http.StatusForbidden &&
			(status != http.StatusNotFound || !hadSession) {
			if werr, _, err := rpcFailure(m.Error); err == nil {
				werr.Status = status
				return werr
			}
		}
	}
	detail := ""
	if e := wire.Excerpt(body); e != "" {
		detail = ": " + e
	}
	failure := func(code wire.Code, what string) *wire.Error {
		return &wire.Error{
			Code:    code,
			Message: fmt.Sprintf("%s (status %d)%s", what, status, detail),
			Status:  status,
			Sent:    wire.SentYes,
		}
	}
	switch {
	case status == http.StatusUnauthorized:
		return challenged(failure(wire.CodeAuthRequired, "the server wants credentials"), header)
	case status == http.StatusForbidden:
		// RFC 6750, section 3.1
		if said, ok := challenge.Read(header); ok && said.Error == "insufficient_scope" {
			return challenged(failure(wire.CodeAuthInsufficientScope, "the credentials lack a scope"), header)
		}
		return challenged(failure(wire.CodeAuthDenied, "the server refuses this caller"), header)
	case status == http.StatusNotFound && hadSession:
		err := failure(wire.CodeHTTPSessionGone, "the server no longer knows the session")
		err.Sent, err.Retryable = wire.SentNo, true // it was not executed
		return err
	case status >= 300 && status < 400:
		return failure(wire.CodePolicyRedirect, "the server redirects where this client does not follow")
	case contentType == "text/html" && status < 500:
		return notMCP(status, contentType, "a page", body)
	default:
		what := strings.ToLower(http.StatusText(status))
		if what == "" {
			what = "unknown status"
		}
		return failure(wire.CodeHTTPStatus, "the server answered "+what)
	}
}

// challenged adds to a failure what the server says of the credentials.
func challenged(failure *wire.Error, header http.Header) *wire.Error {
	if said, ok := challenge.Read(header); ok {
		failure.Data, _ = json.Marshal(said) // it always can
	}
	return failure
}

// rpcFailure decodes an error member. It returns it re-encoded for the SDK too.
func rpcFailure(raw json.RawMessage) (*wire.Error, json.RawMessage, error) {
	var e rpcError
	if err := decode(raw, &e); err != nil {
		return nil, nil, err
	}
	if e.Data != nil && isNull(e.Data) {
		e.Data = nil
	}
	clean, err := json.Marshal(e)
	if err != nil {
		return nil, nil, err
	}
	return &wire.Error{
		Code:    wire.CodeRPCError,
		Message: e.Message,
		Data:    e.Data,
		RPCCode: e.Code,
		Sent:    wire.SentYes,
	}, clean, nil
}

// standIn is the error that the SDK gets for a failure that is not the server's
// own. The number only has to mean nothing to the SDK.
func standIn(err *wire.Error) json.RawMessage {
	raw, _ := json.Marshal(rpcError{Code: -32099, Message: string(err.Code)})
	return raw
}

// answerBytes is an answer to request id, with a result or an error.
func answerBytes(id, result, errorMember json.RawMessage) []byte {
	out := append([]byte(`{"jsonrpc":"2.0","id":`), id...)
	if errorMember != nil {
		out = append(append(out, `,"error":`...), errorMember...)
	} else {
		out = append(append(out, `,"result":`...), result...)
	}
	return append(out, '}')
}

// mediaType is the content type without its parameters.
func mediaType(header http.Header) string {
	mt, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		mt, _, _ = strings.Cut(header.Get("Content-Type"), ";")
		mt = strings.ToLower(strings.TrimSpace(mt))
	}
	return mt
}
