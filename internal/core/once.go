package core

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/exchange"
	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

// A Once does one thing with one server, with nobody there while it lasts: it
// connects, makes one request and closes. It opens no standing stream. What a
// server asks is announced as answerable only where the question comes as data
// in the result (2026-07-28, basic/patterns/mrtr) and not in mid-call.
//
// Its methods block until the outcome is there, which is JSON, errors included.
type Once struct {
	// HTTP is the way to the network. It may do one exchange at a time and
	// return each with its whole body.
	HTTP port.HTTP
	// Clock times the call out.
	Clock port.Clock
	// HeadersHidden reports that the answers so far came without their headers,
	// which some hosts do not show; nil for a port that always has them.
	HeadersHidden func() bool
}

// nowhere is the outbox of a core that nobody listens to.
type nowhere struct{}

func (nowhere) Send([]byte) {}

// Discover asks a server what it is and which tools it has. It returns a
// wire.DiscoverOutput.
func (o Once) Discover(params wire.Discover) []byte {
	out, err := o.with(params.Target, discoverOnce)
	if err != nil {
		return OnceFailure(err)
	}
	return slices.Concat([]byte(`{"result":`), out, []byte(`}`))
}

// Run calls a tool. It returns a wire.RunOutput.
func (o Once) Run(params wire.Run) []byte {
	work, err := runOnce(params.ToolRun)
	if err != nil {
		return OnceFailure(err)
	}
	out, err := o.with(params.Target, work)
	if err != nil {
		return OnceFailure(err)
	}
	return out
}

// discover is Once.Discover for an embedder that drives this core: progress,
// cancellation and time-outs are those of any call.
func (c *Core) discover(cl *call) ([]byte, error) {
	var params wire.DiscoverServer
	if err := readParams(cl, &params); err != nil {
		return nil, err
	}
	return c.once(cl, params.OnceServer, params.OnceAuth, nil, discoverOnce)
}

// run is Once.Run for an embedder that drives this core.
func (c *Core) run(cl *call) ([]byte, error) {
	var params wire.RunTool
	if err := readParams(cl, &params); err != nil {
		return nil, err
	}
	work, err := runOnce(params.ToolRun)
	if err != nil {
		return nil, err
	}
	return c.once(cl, params.OnceServer, params.OnceAuth, nil, work)
}

// onceWork is what is done between connecting and closing. It returns JSON.
type onceWork func(*session, *call) ([]byte, error)

// discoverOnce returns a wire.Discovered.
func discoverOnce(s *session, cl *call) ([]byte, error) {
	tools, err := s.allTools(cl)
	if err != nil {
		return nil, err
	}
	return discovered(s.describe(s.current()), tools), nil
}

// runOnce checks what a run is given. Its work returns a wire.Ran.
func runOnce(params wire.ToolRun) (onceWork, error) {
	more, err := moreParams(&params)
	if err != nil {
		return nil, err
	}
	return func(s *session, cl *call) ([]byte, error) {
		if len(more) > 0 && !s.current().modern() {
			return nil, newError(wire.CodeLocalUnsupported,
				"the server speaks %s, where input responses do not exist", s.current().version)
		}
		cl.exchange.Params = more
		var err error
		cl.params, err = json.Marshal(wire.CallTool{Name: params.Tool, Arguments: params.Arguments, Meta: params.Meta})
		if err != nil {
			return nil, badArgument("the arguments are not JSON")
		}
		raw, err := s.callTool(cl)
		if err != nil {
			return nil, err
		}
		return ran(raw, s.current().modern())
	}, nil
}

// moreParams checks what a run is given, and returns what goes beside the
// tool's name and arguments.
func moreParams(params *wire.ToolRun) (map[string]json.RawMessage, error) {
	if params.Tool == "" {
		return nil, badArgument("tool, the name of a tool, is missing")
	}
	more := make(map[string]json.RawMessage, 2)
	for _, field := range []struct {
		name, what string
		value      json.RawMessage
		first      byte
	}{
		{"inputResponses", "an object", params.InputResponses, '{'},
		{"requestState", "a string", params.RequestState, '"'},
		{"arguments", "an object", params.Arguments, '{'},
	} {
		if len(field.value) == 0 || string(field.value) == "null" {
			continue
		}
		if field.value[0] != field.first {
			return nil, badArgument("%s is not %s", field.name, field.what)
		}
		more[field.name] = field.value
	}
	delete(more, "arguments") // these have their own way
	return more, nil
}

// with makes the call of a core of its own.
func (o Once) with(target wire.Target, work onceWork) ([]byte, error) {
	c := New("once", nowhere{}, o.Clock)
	c.http = o.HTTP
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	cl := &call{
		header:   wire.Call{TimeoutMs: max(target.TimeoutMs, 0)},
		ctx:      ctx,
		cancel:   cancel,
		exchange: new(exchange.Call),
	}
	cl.startTimers(c.clock)
	defer cl.stopTimers()
	return c.once(cl, wire.OnceServer{Server: target.Server, ProtocolVersion: target.ProtocolVersion}, wire.OnceAuth{}, o.HeadersHidden, work)
}

// once connects, does the work, and closes. hidden is Once.HeadersHidden. Its
// errors are *wire.Error.
func (c *Core) once(cl *call, server wire.OnceServer, auth wire.OnceAuth, hidden func() bool, work onceWork) ([]byte, error) {
	for _, name := range auth.Handlers {
		if name == "elicit" || name == "sample" {
			return nil, badArgument("what the server asks comes as data: there is no handler for %s", name)
		}
	}
	params := wire.Connect{
		URL: server.Server, ProtocolVersion: server.ProtocolVersion, ClientInfo: server.ClientInfo,
		Handlers: auth.Handlers, Auth: auth.Auth,
	}
	origin, err := checkConnect(&params)
	if err != nil {
		return nil, err
	}
	s := c.newSession(params, origin)
	s.once = true
	cl.header.Session = s.id
	defer s.forget()
	s.tellState(cl.id, wire.StateConnecting, "")
	handshake := &call{ctx: cl.ctx, exchange: &exchange.Call{ID: cl.id}}
	cn, err := s.open(exchange.WithCall(cl.ctx, handshake.exchange))
	if err != nil {
		failure := handshake.failure(err)
		// The request that it is about has not been made.
		failure.Sent = wire.SentNo
		failure.Retryable = failure.Code == wire.CodeHTTPNetwork
		// The handshake was answered, and its completion refused.
		if handshake.exchange.Result() != nil && needsSession(failure, hidden) {
			return nil, sessionHidden(failure)
		}
		return nil, failure
	}
	_ = s.use(cl.ctx, cn) // nothing is restored
	defer func() { s.endOnce() }()
	out, err := work(s, cl)
	if err != nil {
		failure := cl.failure(err)
		if !s.current().modern() && needsSession(failure, hidden) {
			return nil, sessionHidden(failure)
		}
		return nil, failure
	}
	return out, nil
}

// needsSession reports whether a server before 2026-07-28 refused a request
// because it did not name the session, whose number could not be seen
// (2025-11-25, basic/transports, session management: 400 or 404). Some servers
// say so in JSON-RPC only.
func needsSession(failure *wire.Error, hidden func() bool) bool {
	if hidden == nil || !hidden() {
		return false
	}
	return failure.Status == http.StatusBadRequest || failure.Status == http.StatusNotFound ||
		failure.Code == wire.CodeRPCError && strings.Contains(failure.Message, "session")
}

// sessionHidden is what that failure means. The request was not executed.
func sessionHidden(failure *wire.Error) *wire.Error {
	return &wire.Error{
		Code: wire.CodeLocalUnsupported,
		Message: "the server keeps sessions and names them in a response header, and this host shows no response headers" +
			" (in Extism's SDKs an option does: EnableHttpResponseHeaders, allowHttpResponseHeaders); the server said: " + wire.Excerpt([]byte(failure.Message)),
		Status: failure.Status,
		Sent:   wire.SentNo,
	}
}

// onceCloseTime bounds how long the end of a session may take.
const onceCloseTime = time.Second

// endOnce closes the connection, and waits for it.
func (s *session) endOnce() {
	over, stop := port.After(s.core.clock, onceCloseTime)
	defer stop()
	select {
	case <-s.current().end():
	case <-over:
	}
}

// allTools lists every page of tools.
func (s *session) allTools(cl *call) ([]json.RawMessage, error) {
	var tools []json.RawMessage
	said := s.current().sdk.InitializeResult().Capabilities
	if said == nil || said.Tools == nil {
		return nil, nil
	}
	size, cursor := int64(0), ""
	for range maxLearnedPages {
		var err error
		if cl.params, err = json.Marshal(wire.ListTools{Cursor: cursor}); err != nil {
			return nil, err
		}
		raw, err := s.listTools(cl)
		if err != nil {
			return nil, err
		}
		var page struct {
			Tools      []json.RawMessage `json:"tools"`
			NextCursor string            `json:"nextCursor"`
		}
		if err := json.Unmarshal(raw, &page); err != nil {
			return nil, err
		}
		limit := s.core.limitsInForce().MaxBodyBytes
		if size += int64(len(raw)); size > limit {
			return nil, &wire.Error{Code: wire.CodeLocalTooLarge, Message: fmt.Sprintf("the list of tools is larger than %d bytes", limit), Sent: wire.SentYes}
		}
		tools = append(tools, page.Tools...)
		if cursor = page.NextCursor; cursor == "" {
			return tools, nil
		}
	}
	return nil, &wire.Error{Code: wire.CodeLocalTooLarge, Message: fmt.Sprintf("the list of tools has more than %d pages", maxLearnedPages), Sent: wire.SentYes}
}

// quietHandshake announces nothing to servers before 2026-07-28: what they ask
// comes in mid-call, when nobody can answer.
func quietHandshake(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		if params, ok := req.GetParams().(*mcp.InitializeParams); ok {
			params.Capabilities = &mcp.ClientCapabilities{}
		}
		return next(ctx, method, req)
	}
}

// onceOptions announces what can come as data.
func onceOptions() *mcp.ClientOptions {
	return &mcp.ClientOptions{
		Capabilities: &mcp.ClientCapabilities{
			Elicitation: &mcp.ElicitationCapabilities{
				Form: &mcp.FormElicitationCapabilities{},
				URL:  &mcp.URLElicitationCapabilities{},
			},
			//lint:ignore SA1019 deprecated by 2026-07-28, and still what servers ask for
			Sampling: &mcp.SamplingCapabilities{},
		},
		MultiRoundTrip: &mcp.MultiRoundTripOptions{Disabled: true},
	}
}

// The outputs are put together from raw parts: encoding/json would change the
// server's bytes.

// OnceFailure is the output of a simple export that failed.
func OnceFailure(err error) []byte {
	raw, merr := json.Marshal(struct {
		Error *wire.Error `json:"error"`
	}{asError(err)})
	if merr != nil { // the server's data is not JSON after all
		failure := *asError(err)
		failure.Data = nil
		return OnceFailure(&failure)
	}
	return raw
}

// discovered makes a wire.Discovered.
func discovered(said wire.Connected, tools []json.RawMessage) []byte {
	var b bytes.Buffer
	orEmpty := func(raw json.RawMessage) json.RawMessage {
		if len(raw) == 0 {
			return emptyResult
		}
		return raw
	}
	text := func(s string) []byte {
		raw, _ := json.Marshal(s)
		return raw
	}
	fmt.Fprintf(&b, `{"server":%s,"protocolVersion":%s,"capabilities":%s`,
		orEmpty(said.ServerInfo), text(said.ProtocolVersion), orEmpty(said.Capabilities))
	if said.Instructions != "" {
		fmt.Fprintf(&b, `,"instructions":%s`, text(said.Instructions))
	}
	b.WriteString(`,"tools":[`)
	b.Write(bytes.Join(rawBytes(tools), []byte(",")))
	b.WriteString(`]}`)
	return b.Bytes()
}

func rawBytes(raws []json.RawMessage) [][]byte {
	out := make([][]byte, len(raws))
	for i, raw := range raws {
		out[i] = raw
	}
	return out
}

// ran makes a wire.Ran. asData says that the revision has results which
// ask for input.
func ran(raw json.RawMessage, asData bool) ([]byte, error) {
	var r struct {
		ResultType    string          `json:"resultType"`
		InputRequests json.RawMessage `json:"inputRequests"`
		RequestState  json.RawMessage `json:"requestState"`
	}
	if asData {
		if err := json.Unmarshal(raw, &r); err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	b.Grow(len(raw) + 64)
	if r.ResultType != "input_required" {
		b.WriteString(`{"result":`)
		b.Write(raw)
		b.WriteString(`}`)
		return b.Bytes(), nil
	}
	if len(r.InputRequests) == 0 || string(r.InputRequests) == "null" {
		r.InputRequests = emptyResult
	}
	fmt.Fprintf(&b, `{"inputRequired":{"inputRequests":%s`, r.InputRequests)
	if len(r.RequestState) > 0 && string(r.RequestState) != "null" {
		fmt.Fprintf(&b, `,"requestState":%s`, r.RequestState)
	}
	b.WriteString(`}}`)
	return b.Bytes(), nil
}
