package exchange

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"

	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

// postCall sends a JSON-RPC request and returns the answer as the SDK is to see
// it. What the application is to see is in the request's Call.
func (t *Transport) postCall(req *http.Request, out *outgoing) (*http.Response, error) {
	ctx := req.Context()
	call := callFrom(ctx)
	before := call.begin()
	if from := t.restoredFrom(); from != nil {
		return t.restoredCall(req, out, call, from), nil
	}
	if out.Method == methodInitialize && before != nil && hopeless(before) {
		// The SDK falls back to the older handshake after any failure of
		// server/discover. Where it cannot help, the server is left alone.
		return t.failed(req, out, call, before), nil
	}

	if out.Method == methodCallTool {
		out = withParams(out, call.Params)
	}
	out = t.renamed(withAnswers(out))

	// The answer may outlive the call: its rest is read for the sake of the
	// connection. Until then the call's context rules.
	xctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	detach := context.AfterFunc(ctx, cancel)

	call.setSent(wire.SentUnknown)
	resp, err := t.cfg.HTTP.Do(xctx, t.request(req, out.bytes()))
	if err != nil {
		detach()
		cancel()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		failure := portFailure(err)
		call.setSent(failure.Sent)
		return t.failed(req, out, call, failure), nil
	}
	contentType := mediaType(resp.Header)
	switch {
	case resp.Status/100 == 2 && contentType == "text/event-stream":
		// A stream ends the context itself.
		stream := t.newStream(ctx, req, out, call, resp, detach, cancel)
		answer := synthetic(req, http.StatusOK, contentType, stream)
		if message := stream.answer(); message != nil {
			answer = synthetic(req, http.StatusOK, "application/json", io.NopCloser(bytes.NewReader(message)))
		}
		t.passSession(out, resp.Header, answer.Header)
		return answer, nil
	case resp.Status/100 == 2:
		defer cancel()
		defer detach()
		message, failure := t.readAnswer(req, out, call, resp, contentType)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if failure != nil {
			return t.failed(req, out, call, failure), nil
		}
		answer := synthetic(req, http.StatusOK, "application/json", io.NopCloser(bytes.NewReader(message)))
		t.passSession(out, resp.Header, answer.Header)
		return answer, nil
	default:
		defer cancel()
		defer detach()
		return t.refused(req, out, call, resp), nil
	}
}

// hopeless reports whether the older handshake would meet the same failure.
func hopeless(err *wire.Error) bool {
	switch err.Code {
	case wire.CodeHTTPNetwork, wire.CodeHTTPCORS, wire.CodePolicyOrigin, wire.CodePolicyRedirect,
		wire.CodePolicyPrivateAddress, wire.CodePolicyHandlerMissing, wire.CodeAuthRequired, wire.CodeAuthDenied,
		wire.CodeAuthInsufficientScope, wire.CodeAuthRefreshFailed, wire.CodeAuthIssuerMismatch, wire.CodeChannelClosed:
		return true
	}
	return false
}

// passSession hands the session's id to the SDK, from the answer that opens it
// and from no other.
func (t *Transport) passSession(out *outgoing, from, to http.Header) {
	if id := from.Get(sessionHeader); id != "" && out.Method == methodInitialize {
		to.Set(sessionHeader, id)
	}
}

// readAnswer reads an answer that is not a stream, and returns the message for
// the SDK.
func (t *Transport) readAnswer(req *http.Request, out *outgoing, call *Call, resp *port.Response, contentType string) ([]byte, *wire.Error) {
	defer resp.Body.Close()
	body, err := readAll(resp.Body, t.cfg.Limits.MaxBodyBytes)
	switch {
	case errors.Is(err, errTooLarge):
		return nil, tooLarge("the server's answer", t.cfg.Limits.MaxBodyBytes)
	case err != nil:
		failure := portFailure(err)
		failure.Sent = wire.SentUnknown
		return nil, failure
	case contentType != "application/json":
		return nil, notMCP(resp.Status, contentType, "neither JSON nor an event stream", body)
	}
	m, err := parseIncoming(body, t.cfg.Limits.MaxDepth)
	if err != nil {
		return nil, decodeFailure(resp.Status, contentType, err, body)
	}
	t.received(resp.Exchange, call.ID, body)
	if !m.isAnswer() || !bytes.Equal(m.ID, out.ID) {
		// An error that could not be matched to a request has a null id.
		if m.isAnswer() && m.ID == nil && m.Error != nil {
			m.ID = out.ID
		} else {
			t.cfg.Sink.Dropped("an answer to a request that was not made")
			return nil, notMCP(resp.Status, contentType, "it does not answer the request", body)
		}
	}
	return t.answer(req, out, call, m)
}

// answer takes the answer to a call: it keeps the raw result or the failure for
// the application, and returns the message for the SDK.
func (t *Transport) answer(req *http.Request, out *outgoing, call *Call, m *incoming) ([]byte, *wire.Error) {
	call.setSent(wire.SentYes)
	if m.Error != nil {
		failure, clean, err := rpcFailure(m.Error)
		if err != nil {
			return nil, notMCP(http.StatusOK, "", "its error is not one of JSON-RPC", m.Error)
		}
		call.fail(failure)
		return answerBytes(out.answerID(), nil, clean), nil
	}
	stub, count, err := t.stub(call, out.Method, m)
	var failure *wire.Error
	switch {
	case errors.As(err, &failure):
		return nil, failure
	case err != nil:
		return nil, notMCP(http.StatusOK, "", err.Error(), m.Result)
	}
	call.succeed(m.Result, count)
	if out.Method == methodInitialize || out.Method == methodDiscover {
		t.remember(req, out, m.Result)
	}
	return answerBytes(out.answerID(), stub, nil), nil
}

// refused translates an answer whose status is not a success.
func (t *Transport) refused(req *http.Request, out *outgoing, call *Call, resp *port.Response) *http.Response {
	body, _ := readAll(resp.Body, maxRefusalBytes)
	resp.Body.Close()
	t.receivedRefusal(resp, call.ID, body)
	hadSession := req.Header.Get(sessionHeader) != ""
	failure := statusFailure(resp.Status, resp.Header, body, hadSession)
	if failure.Code == wire.CodeHTTPSessionGone {
		t.markGone()
	}
	call.setSent(failure.Sent)
	return t.failed(req, out, call, failure)
}

// maxRefusalBytes bounds what is read of an answer that refuses.
const maxRefusalBytes = 1 << 20

// failed keeps a failure for the application and makes the answer that the SDK
// gets instead.
func (t *Transport) failed(req *http.Request, out *outgoing, call *Call, failure *wire.Error) *http.Response {
	call.fail(failure)
	answer := answerBytes(out.answerID(), nil, failureMember(failure))
	return synthetic(req, http.StatusOK, "application/json", io.NopCloser(bytes.NewReader(answer)))
}

// failureMember is the error that the SDK gets for a failure.
func failureMember(failure *wire.Error) json.RawMessage {
	if failure.Code != wire.CodeRPCError {
		return standIn(failure)
	}
	// The SDK negotiates by the server's own error.
	member, _ := json.Marshal(rpcError{Code: failure.RPCCode, Message: failure.Message, Data: failure.Data})
	return member
}

// remember keeps what opened the connection; req is nil on a link.
func (t *Transport) remember(req *http.Request, out *outgoing, result json.RawMessage) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.handshake = handshake{method: out.Method, body: bytes.Clone(out.bytes()), result: bytes.Clone(result)}
	if req != nil {
		t.handshake.url, t.handshake.header = req.URL.String(), req.Header.Clone()
	}
}

// postNotice sends a notification, or an answer to a question of the server's.
// No failure of one may end the session, except that the handshake has to be
// completed.
func (t *Transport) postNotice(req *http.Request, out *outgoing) (*http.Response, error) {
	ctx := req.Context()
	if t.restoredFrom() != nil {
		return synthetic(req, http.StatusAccepted, "", nil), nil // the server has heard it
	}
	if out.Method == methodCancelled {
		if t.standing.cancelled(out) {
			return synthetic(req, http.StatusAccepted, "", nil), nil
		}
		out = t.renamedCancel(withReason(out, callFrom(ctx).cancelReason()))
	}
	failure := t.sendNotice(req, withAnswers(out))
	switch {
	case failure == nil:
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case out.Method == methodInitialized:
		callFrom(ctx).fail(failure)
		return nil, failure
	default:
		what := out.Method
		if what == "" {
			what = "an answer to the server's question"
		}
		t.cfg.Sink.Dropped(what + " did not reach the server: " + failure.Error())
	}
	return synthetic(req, http.StatusAccepted, "", nil), nil
}

func (t *Transport) sendNotice(req *http.Request, out *outgoing) *wire.Error {
	failure := t.deliver(req.Context(), t.request(req, out.bytes()), req.Header.Get(sessionHeader) != "")
	if failure != nil && failure.Code == wire.CodeHTTPSessionGone {
		t.markGone()
	}
	return failure
}

// deliver posts a message whose answer, if there is one, comes another way.
func (t *Transport) deliver(ctx context.Context, r *port.Request, hadSession bool) *wire.Error {
	resp, err := t.cfg.HTTP.Do(ctx, r)
	if err != nil {
		return portFailure(err)
	}
	defer resp.Body.Close()
	body, _ := readAll(resp.Body, maxRefusalBytes)
	if resp.Status/100 == 2 {
		return nil
	}
	t.receivedRefusal(resp, callFrom(ctx).ID, body)
	return statusFailure(resp.Status, resp.Header, body, hadSession)
}

// withParams adds parameters to a request or a notification.
func withParams(out *outgoing, more map[string]json.RawMessage) *outgoing {
	var params map[string]json.RawMessage
	if len(more) == 0 || decode(out.Params, &params) != nil || params == nil {
		return out
	}
	maps.Copy(params, more)
	raw, err := json.Marshal(params)
	if err != nil {
		return out
	}
	return &outgoing{JSONRPC: out.JSONRPC, ID: out.ID, Method: out.Method, Params: raw}
}

// withReason puts the application's reason into a cancellation.
func withReason(out *outgoing, reason string) *outgoing {
	if reason == "" {
		return out
	}
	raw, _ := json.Marshal(reason) // a string always can
	return withParams(out, map[string]json.RawMessage{"reason": raw})
}
