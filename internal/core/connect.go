package core

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/exchange"
	"github.com/remora-mcp/remora/internal/wire"
)

// connect opens a session.
func (c *Core) connect(cl *call) ([]byte, error) {
	var params wire.Connect
	if err := readParams(cl, &params); err != nil {
		return nil, err
	}
	origin, err := checkConnect(&params)
	if err != nil {
		return nil, err
	}
	if len(params.Restore) > 0 {
		return c.restoreSession(cl, params, origin)
	}
	s := c.newSession(params, origin)
	s.setListening(params.Events)
	s.tellState(cl.id, wire.StateConnecting, "")
	cn, err := s.open(exchange.WithCall(cl.ctx, cl.exchange))
	if err != nil {
		s.forget()
		return nil, err
	}
	_ = s.use(cl.ctx, cn) // the connection stands; if it has ended, the first call finds that
	s.tellState(cl.id, wire.StateReady, "")
	return json.Marshal(s.describe(cn))
}

// maxURLBytes bounds a server's URL.
const maxURLBytes = 8 << 10

// checkConnect refuses what cannot be right before any traffic, fills in
// defaults, and returns the server's origin.
func checkConnect(params *wire.Connect) (origin string, err error) {
	origin, err = checkTarget(params)
	if err != nil {
		return "", err
	}
	if v := params.ProtocolVersion; v != "" && !slices.Contains(mcp.SupportedProtocolVersions(), v) {
		return "", badArgument("protocol version %q is not known; known are %v", wire.Excerpt([]byte(v)), mcp.SupportedProtocolVersions())
	}
	for _, h := range params.Handlers {
		if !slices.ContainsFunc(wire.Asks, func(row wire.AskRow) bool { return row.Name == h }) {
			return "", badArgument("no question %q that a handler could answer", wire.Excerpt([]byte(h)))
		}
	}
	if err := checkEvents(params.Events); err != nil {
		return "", err
	}
	if params.Capabilities.Elicitation != nil && !slices.Contains(params.Handlers, "elicit") {
		return "", badArgument("capabilities.elicitation without a handler for elicit")
	}
	if params.Capabilities.Sampling != nil && !slices.Contains(params.Handlers, "sample") {
		return "", badArgument("capabilities.sampling without a handler for sample")
	}
	if err := checkRoots(params.Roots); err != nil {
		return "", err
	}
	switch params.ValidateOutput {
	case "", wire.ValidateKnown, wire.ValidateAlways, wire.ValidateOff:
	default:
		return "", badArgument("validateOutput is %q; known, always and off are known", wire.Excerpt([]byte(params.ValidateOutput)))
	}
	if err := checkCacheMode(params.CacheMode); err != nil {
		return "", err
	}
	if params.LogLevel != "" {
		if err := checkLogLevel(params.LogLevel); err != nil {
			return "", err
		}
	}
	if err := checkReconnect(params); err != nil {
		return "", err
	}
	if err := checkAuth(params); err != nil {
		return "", err
	}
	if len(params.Subscriptions) > maxSubscriptions {
		return "", newError(wire.CodeLocalTooLarge, "more than %d subscriptions", maxSubscriptions)
	}
	if params.ClientInfo.Name == "" {
		params.ClientInfo.Name = "remora"
	}
	if params.ClientInfo.Version == "" {
		params.ClientInfo.Version = wire.Version
	}
	return origin, nil
}

// checkTarget checks where the server is: at a URL or behind a channel.
func checkTarget(params *wire.Connect) (origin string, err error) {
	if params.Channel != "" {
		switch {
		case params.URL != "":
			return "", badArgument("a URL and a channel: a server is at one or the other")
		case len(params.Channel) > wire.MaxChannelRefBytes:
			return "", badArgument("the channel's reference is longer than %d bytes", wire.MaxChannelRefBytes)
		}
		return params.Channel, nil
	}
	u, perr := url.Parse(params.URL)
	switch {
	case len(params.URL) > maxURLBytes:
		return "", newError(wire.CodeLocalBadURL, "the URL is longer than %d bytes", maxURLBytes)
	case perr != nil || !u.IsAbs() || u.Host == "":
		return "", newError(wire.CodeLocalBadURL, "not an absolute URL such as https://example.com/mcp")
	case u.Scheme != "http" && u.Scheme != "https":
		return "", newError(wire.CodeLocalBadURL, "the URL's scheme is %q; http and https are known", wire.Excerpt([]byte(u.Scheme)))
	case u.User != nil:
		return "", newError(wire.CodeLocalBadURL, "the URL holds a user name or password; give credentials as headers")
	}
	u.Fragment, u.RawFragment = "", ""
	params.URL = u.String()
	return u.Scheme + "://" + u.Host, nil
}

// open opens a connection for the session.
func (s *session) open(ctx context.Context) (*conn, error) {
	switch {
	case s.params.Channel != "":
		return s.openChannel(ctx)
	case s.legacy:
		return s.openLegacy(ctx)
	}
	cn, err := s.dial(ctx, s.params.ProtocolVersion, func(transport *exchange.Transport) (mcp.Transport, error) {
		return s.streamable(transport), nil
	})
	if err != nil && !s.once && exchange.MayBeLegacy(ctx) {
		if cn, legacyErr := s.openLegacy(ctx); !errors.Is(legacyErr, errNotLegacy) {
			return cn, legacyErr
		}
	}
	return cn, err
}

// streamable is the SDK's way to the session's server over HTTP.
func (s *session) streamable(transport *exchange.Transport) mcp.Transport {
	return &mcp.StreamableClientTransport{
		Endpoint:     s.params.URL,
		HTTPClient:   &http.Client{Transport: transport},
		MaxRetries:   -1, // exchange resumes
		MaxEventSize: -1, // exchange bounds
	}
}

// dial makes a connection over what the function makes of a transport.
func (s *session) dial(ctx context.Context, version string, over func(*exchange.Transport) (mcp.Transport, error)) (*conn, error) {
	var cn *conn
	transport := exchange.New(exchange.Config{
		HTTP:        s.network(),
		Clock:       s.core.clock,
		Session:     s.id,
		Limits:      s.core.limitsInForce(),
		Sink:        sink{s},
		Answers:     s.answers,
		InputAsData: s.once,
		Received:    s.received,
		Sent:        s.sent,
		Lost:        func(failure *wire.Error) { s.noticeLost(cn, failure) },
	})
	cn = &conn{transport: transport}
	carrier, err := over(transport)
	if err != nil {
		return nil, err
	}
	info := s.params.ClientInfo
	cn.client = mcp.NewClient(&mcp.Implementation{Name: info.Name, Version: info.Version, Title: info.Title}, s.clientOptions(cn))
	cn.client.AddSendingMiddleware(forgetful)
	if s.once {
		cn.client.AddSendingMiddleware(quietHandshake)
	}
	cn.client.AddSendingMiddleware(cn.tellRoots)
	s.pushRoots(cn)
	cn.sdk, err = cn.client.Connect(ctx, carrier, &mcp.ClientSessionOptions{ProtocolVersion: version})
	if err != nil {
		err = transport.Explain(ctx, err)
		transport.Close()
		return nil, err
	}
	cn.version = cn.sdk.InitializeResult().ProtocolVersion
	cn.agreed.Store(cn.version)
	return cn, nil
}

// clientOptions announces what the application can answer, and no more.
func (s *session) clientOptions(cn *conn) *mcp.ClientOptions {
	if s.once {
		return onceOptions()
	}
	opts := &mcp.ClientOptions{Capabilities: &mcp.ClientCapabilities{}}
	if s.answers("elicitation/create") {
		opts.ElicitationHandler = s.elicitHandler(cn)
		modes := &mcp.ElicitationCapabilities{}
		for _, mode := range s.elicitModes() {
			switch mode {
			case modeForm:
				modes.Form = &mcp.FormElicitationCapabilities{}
			case modeURL:
				modes.URL = &mcp.URLElicitationCapabilities{}
			}
		}
		opts.Capabilities.Elicitation = modes
	}
	if s.answers("sampling/createMessage") {
		//lint:ignore SA1019 deprecated by 2026-07-28, and still what servers of every revision ask for
		opts.CreateMessageWithToolsHandler = s.sampleHandler(cn)
		//lint:ignore SA1019 see above
		can := &mcp.SamplingCapabilities{}
		if said := s.params.Capabilities.Sampling; said != nil && said.Tools != nil {
			//lint:ignore SA1019 see above
			can.Tools = &mcp.SamplingToolsCapabilities{}
		}
		if said := s.params.Capabilities.Sampling; said != nil && said.Context != nil {
			//lint:ignore SA1019 see above
			can.Context = &mcp.SamplingContextCapabilities{}
		}
		//lint:ignore SA1019 see above
		opts.Capabilities.Sampling = can
	}
	if s.hasRoots() {
		//lint:ignore SA1019 see above
		opts.Capabilities.RootsV2 = &mcp.RootCapabilities{ListChanged: true}
	}
	return opts
}

// serverInfoKey is where 2026-07-28 puts what initialize called serverInfo
// (server/discover).
const serverInfoKey = "io.modelcontextprotocol/serverInfo"

// describe makes connect's result of what the server said, verbatim where it is
// the server's.
func (s *session) describe(cn *conn) wire.Connected {
	_, raw := cn.transport.Handshake()
	var said struct {
		Capabilities json.RawMessage `json:"capabilities"`
		ServerInfo   json.RawMessage `json:"serverInfo"`
		Meta         json.RawMessage `json:"_meta"`
	}
	// The SDK has decoded it before; what it took cannot fail here.
	_ = json.Unmarshal(raw, &said)
	if said.ServerInfo == nil {
		var meta map[string]json.RawMessage
		_ = json.Unmarshal(said.Meta, &meta)
		said.ServerInfo = meta[serverInfoKey]
	}
	return wire.Connected{
		Session:         s.id,
		ProtocolVersion: cn.version,
		Capabilities:    said.Capabilities,
		ServerInfo:      said.ServerInfo,
		Instructions:    cn.sdk.InitializeResult().Instructions,
		Meta:            said.Meta,
	}
}

func (c *Core) limitsInForce() wire.Limits {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.limits
}
