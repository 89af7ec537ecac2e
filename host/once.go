package host

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// Discovered is what [Runtime.Discover] finds.
type Discovered struct {
	// InitializeResult describes the server and what was agreed on with it.
	*mcp.InitializeResult
	// Tools are all of the server's tools. One that cannot be decoded into the
	// go-sdk's type is left out; Raw has it.
	Tools []*mcp.Tool
	// Raw is a Discovered of docs/wire.md: an object with server,
	// protocolVersion, capabilities, instructions and tools, of which all but
	// the revision and the instructions are byte for byte the server's.
	Raw json.RawMessage
}

// RunResult is what came of [Runtime.Run]: either Result or InputRequired is
// set.
type RunResult struct {
	// Result is the tool's result.
	Result *mcp.CallToolResult
	// InputRequired says what the tool has to know before there is a result.
	InputRequired *InputRequired
	// Raw is what Result was decoded from, byte for byte as the server sent it.
	Raw json.RawMessage
}

// InputRequired says what a tool has to know before it can go on. Run again with
// the same tool and arguments; give the answers in CallToolParams.InputResponses,
// by the same keys, and the state in RequestState.
type InputRequired struct {
	// InputRequests are the server's questions by key. Without any, the server
	// asks to be called again later.
	InputRequests map[string]InputRequest
	// RequestState goes back with the answers.
	RequestState string
}

// An InputRequest is one question of a server.
type InputRequest struct {
	// Method is the question's kind: elicitation/create, sampling/createMessage
	// or one that came later.
	Method string `json:"method"`
	// Params are the question's parameters, as the server sent them.
	Params json.RawMessage `json:"params"`
}

// Discover asks the server at url what it is and which tools it has. It
// connects, asks, and closes: nothing is kept, and no standing stream is opened.
// ctx carries CallOptions as for a call of a [Session]. Of the options, Handlers
// and Events are not used.
func (rt *Runtime) Discover(ctx context.Context, url string, o *ConnectOptions) (*Discovered, error) {
	raw, err := rt.once(ctx, url, o, "discover", func(s *Session, server wire.OnceServer) any {
		return wire.DiscoverServer{OnceServer: server, OnceAuth: s.onceAuth()}
	}, nil)
	if err != nil {
		return nil, err
	}
	var found wire.Discovered
	if err := json.Unmarshal(raw, &found); err != nil {
		return nil, trapError(err) // the core has put it together
	}
	out := &Discovered{
		InitializeResult: initializeResult(wire.Connected{
			ProtocolVersion: found.ProtocolVersion,
			Capabilities:    found.Capabilities,
			ServerInfo:      found.Server,
			Instructions:    found.Instructions,
		}),
		Raw: raw,
	}
	for _, raw := range found.Tools {
		tool := new(mcp.Tool)
		if json.Unmarshal(raw, tool) == nil {
			out.Tools = append(out.Tools, tool)
		}
	}
	return out, nil
}

// Run calls a tool of the server at url. It connects, calls, and closes: nothing
// is kept, and no standing stream is opened. ctx carries CallOptions as for a
// call of a [Session]. Of the options, Handlers and Events are not used.
//
// What a server of 2026-07-28 asks before it can go on is returned as data; the
// answers go with the next Run, in params. Servers of older revisions are told
// that nothing can be asked.
func (rt *Runtime) Run(ctx context.Context, url string, params *mcp.CallToolParams, o *ConnectOptions) (*RunResult, error) {
	run, err := toolRun(params)
	if err != nil {
		return nil, err
	}
	raw, err := rt.once(ctx, url, o, "run", func(s *Session, server wire.OnceServer) any {
		return wire.RunTool{OnceServer: server, OnceAuth: s.onceAuth(), ToolRun: run}
	}, params.Meta)
	if err != nil {
		return nil, err
	}
	var ran wire.Ran
	if err := json.Unmarshal(raw, &ran); err != nil {
		return nil, trapError(err) // the core has put it together
	}
	if asked := ran.InputRequired; asked != nil {
		out := new(InputRequired)
		if err := json.Unmarshal(asked.InputRequests, &out.InputRequests); err != nil {
			return nil, undecodable("question", err)
		}
		if len(asked.RequestState) > 0 {
			if err := json.Unmarshal(asked.RequestState, &out.RequestState); err != nil {
				return nil, undecodable("requestState", err)
			}
		}
		return &RunResult{InputRequired: out}, nil
	}
	res := new(mcp.CallToolResult)
	if err := json.Unmarshal(ran.Result, res); err != nil {
		return nil, undecodable("result", err)
	}
	return &RunResult{Result: res, Raw: ran.Result}, nil
}

// toolRun encodes what a tool is called with.
func toolRun(params *mcp.CallToolParams) (wire.ToolRun, error) {
	if params == nil || params.Name == "" {
		return wire.ToolRun{}, failure(CodeLocalBadArgument, "CallToolParams.Name is empty")
	}
	run := wire.ToolRun{Tool: params.Name}
	var err error
	if run.Arguments, err = encodeArguments(params.Arguments); err != nil {
		return run, err
	}
	if len(params.InputResponses) > 0 {
		if run.InputResponses, err = encode(params.InputResponses); err != nil {
			return run, &Error{Code: CodeLocalBadArgument, Message: "CallToolParams.InputResponses cannot be encoded", Sent: SentNo, cause: err}
		}
	}
	if params.RequestState != "" {
		if run.RequestState, err = encode(params.RequestState); err != nil {
			return run, asError(err, CodeLocalBadArgument)
		}
	}
	run.Meta, err = encodeMeta(params.Meta)
	return run, err
}

// onceAuth is how a token is got for a call that begins a session and ends it.
func (s *Session) onceAuth() wire.OnceAuth {
	return wire.OnceAuth{Handlers: s.auth.names(), Auth: s.auth.wire()}
}

// once makes a call that begins a session and ends it. body makes its
// parameters.
func (rt *Runtime) once(ctx context.Context, url string, o *ConnectOptions, command string, body func(*Session, wire.OnceServer) any, meta mcp.Meta) ([]byte, error) {
	s, err := rt.newHTTPSession(url, o)
	if err != nil {
		return nil, err
	}
	s.opts.Handlers, s.listeners.all = Handlers{}, nil
	if err := rt.adopt(s); err != nil {
		return nil, err
	}
	defer s.abandon()
	// Closing the runtime ends it.
	calling, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	raw, err := s.onceCall(calling, command, body, meta)
	if err != nil && ctx.Err() == nil && s.ctx.Err() != nil {
		err = failure(CodeLocalClosed, "the runtime is closed")
	}
	return raw, err
}

func (s *Session) onceCall(ctx context.Context, command string, body func(*Session, wire.OnceServer) any, meta mcp.Meta) ([]byte, error) {
	o, err := callOptions(ctx)
	if err != nil {
		return nil, err
	}
	params, err := encode(body(s, wire.OnceServer{
		Server:          s.url,
		ProtocolVersion: s.opts.ProtocolVersion,
		ClientInfo:      s.opts.clientInfo(),
	}))
	if err != nil {
		return nil, asError(err, CodeLocalBadArgument)
	}
	for {
		if ctx.Err() != nil {
			return nil, contextError(ctx, SentNo)
		}
		d, err := s.rt.driver(ctx)
		if err != nil {
			return nil, err
		}
		c := newCall(ctx)
		c.connects, c.once = s, true
		c.token, c.progress = meta["progressToken"], o.OnProgress != nil
		header := o.call(command)
		header.Progress = c.progress
		err = d.begin(c, header, params)
		if errors.Is(err, errRetired) {
			continue
		}
		if err != nil {
			return nil, err
		}
		payload, e := c.wait(s.progressTo(c, o.OnProgress))
		if e != nil {
			return nil, e
		}
		return payload, nil
	}
}
