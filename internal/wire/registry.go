package wire

// The tables below are the whole vocabulary. internal/wiregen reads them; a
// test of internal/core fails when a row has no handler.

// A KindRow describes one kind of frame.
type KindRow struct {
	Kind Kind
	Name string
	// Header is the zero value of the header's type; nil for a kind whose
	// header is empty.
	Header any
	// Payload says what the payload is; empty for none.
	Payload string
	Doc     string
}

// Kinds lists every kind of frame, by number.
var Kinds = []KindRow{
	{KindHello, "hello", Hello{}, "", "The embedder's first frame."},
	{KindCall, "call", Call{}, "the command's parameters, JSON", "Do something. The id is new; exactly one done answers it."},
	{KindCancel, "cancel", Cancel{}, "", "End the call of this id now."},
	{KindReply, "reply", Reply{}, "the answer, JSON", "Answers the ask of this id."},
	{KindHTTPHead, "http.head", HTTPHead{}, "", "Status and headers of the exchange of this id."},
	{KindHTTPData, "http.data", nil, "bytes of the body", "A piece of the body, within the credit given."},
	{KindHTTPEnd, "http.end", nil, "", "The body is complete."},
	{KindHTTPError, "http.error", HTTPError{}, "", "The exchange failed and is over."},
	{KindChanOpened, "chan.opened", nil, "", "The channel of this id is open."},
	{KindChanMessage, "chan.message", ChanMessage{}, "one message", "A message from the far side of the channel, within the credit given."},
	{KindChanClosed, "chan.closed", ChanClosed{}, "", "The channel is gone, or could not be opened."},
	{KindTick, "tick", nil, "", "Nothing happened but time: the driver steps because wakeMs has passed."},
	{KindCoreHello, "hello", Hello{}, "", "The core's answer to hello."},
	{KindDone, "done", Done{}, "the result, raw", "Ends the call of this id."},
	{KindAsk, "ask", Ask{}, "the question's parameters, JSON", "Asks the application. The id is new; one reply or ask.cancel ends it."},
	{KindAskCancel, "ask.cancel", AskCancel{}, "", "The answer to the ask of this id is no longer wanted."},
	{KindTell, "tell", Tell{}, "the event's data, JSON", "Something happened, in the call of this id or (0) in the session."},
	{KindHTTPStart, "http.start", HTTPStart{}, "the request's body", "Make this HTTP request. The id is new; one http.end or http.error ends it."},
	{KindHTTPMore, "http.more", HTTPMore{}, "", "More of the body of this id may be delivered."},
	{KindHTTPAbort, "http.abort", HTTPAbort{}, "", "Give up the exchange of this id and its connection."},
	{KindChanOpen, "chan.open", ChanOpen{}, "", "Open a channel that the application registered. The id is new; one chan.closed ends it."},
	{KindChanSend, "chan.send", nil, "one message", "Send this message on the channel of this id."},
	{KindChanClose, "chan.close", nil, "", "The core is done with the channel of this id: what it sent before still goes out, nothing more is delivered, and chan.closed follows when what is behind the channel is gone."},
	{KindIdle, "idle", Idle{}, "", "Ends a step of the plugin: nothing can go on without the embedder."},
	{KindFault, "fault", Fault{}, "", "A frame or batch could not be taken."},
	{KindChanMore, "chan.more", ChanMore{}, "", "More messages of the channel of this id may be delivered."},
}

// A CommandRow describes one command of the call frame.
type CommandRow struct {
	Name string
	// Params and Result are zero values of the JSON types. Result is nil where
	// it is the server's own, handed over raw; then ResultDoc names it.
	Params, Result any
	ResultDoc      string
	Doc            string
}

// Commands lists every command, sorted by name.
var Commands = []CommandRow{
	{"callTool", CallTool{}, nil, "CallToolResult of the specification", "Calls a tool. Input that the server requires in between is asked for and sent (multi-round-trip requests on 2026-07-28, mid-call requests before)."},
	{"close", Close{}, Empty{}, "", "Ends a session; calls in flight end with local/closed."},
	{"complete", Complete{}, nil, "CompleteResult of the specification", "Asks for ways to complete an argument of a prompt or a resource template."},
	{"connect", Connect{}, Connected{}, "", "Opens a session: server/discover on 2026-07-28, otherwise the older handshake."},
	{"discover", DiscoverServer{}, Discovered{}, "", "Says what a server is and which tools it has, with no session kept. Its call begins a session, as connect's, and ends it."},
	{"getPrompt", GetPrompt{}, nil, "GetPromptResult of the specification", "Has the server write a prompt. Input that it requires in between is asked for and sent, as with callTool."},
	{"listPrompts", ListPrompts{}, nil, "ListPromptsResult of the specification", "Lists one page of the server's prompts."},
	{"listResourceTemplates", ListResourceTemplates{}, nil, "ListResourceTemplatesResult of the specification", "Lists one page of the server's resource templates."},
	{"listResources", ListResources{}, nil, "ListResourcesResult of the specification", "Lists one page of the server's resources."},
	{"listTools", ListTools{}, nil, "ListToolsResult of the specification", "Lists one page of the server's tools."},
	{"listen", Listen{}, Empty{}, "", "Says which events somebody listens to."},
	{"login", Login{}, LoginStatus{}, "", "Sees to it that there is a token for a server, with no session kept. It asks nobody if there is one that is good."},
	{"logout", Logout{}, LoginStatus{}, "", "Forgets the token for a server, and has the authorization server revoke it where that can be done. Without a network it is forgotten all the same."},
	{"ping", Ping{}, Empty{}, "", "Makes the server answer (ping; server/discover on 2026-07-28, which has no ping)."},
	{"readResource", ReadResource{}, nil, "ReadResourceResult of the specification", "Reads a resource. Input that the server requires in between is asked for and sent, as with callTool."},
	{"run", RunTool{}, Ran{}, "", "Calls a tool, with no session kept. What a server of 2026-07-28 asks comes as data, and its answer goes with the next call."},
	{"setLoggingLevel", SetLoggingLevel{}, Empty{}, "", "Says from which level on the server is to log. It holds for the session, also when that is opened again."},
	{"setRoots", SetRoots{}, Empty{}, "", "Replaces the application's roots and tells the server, where its revision has a word for that (before 2026-07-28)."},
	{"snapshot", Snapshot{}, SnapshotResult{}, "", "Says what the session needs to go on elsewhere, where it is given to connect. Nothing is sent, and the session goes on here. Only over HTTP, not with 2024-11-05's transport."},
	{"stats", Stats{}, StatsResult{}, "", "Says how the core is doing, after a garbage collection."},
	{"subscribeResource", SubscribeResource{}, Empty{}, "", "Asks to be told when a resource changes (resourceUpdated). It holds for the session, also when that is opened again."},
	{"unsubscribeResource", UnsubscribeResource{}, Empty{}, "", "Ends a subscription; without one it does nothing on 2026-07-28, and is the server's to judge before."},
	{"whoami", Whoami{}, LoginStatus{}, "", "Says what is known of the token for a server, without asking anybody but the store."},
}

// An AskRow describes one question.
type AskRow struct {
	Name           string
	Params, Answer any
	Doc            string
}

// Asks lists every question, sorted by name.
var Asks = []AskRow{
	{"assert", Assert{}, Asserted{}, "A token is wanted that says who the workload or the person is."},
	{"authorize", Authorize{}, Authorized{}, "A person is to visit the page of an authorization server, and come back."},
	{"elicit", Elicit{}, Elicited{}, "The server wants something from the person in front."},
	{"sample", Sample{}, Sampled{}, "The server wants the application's model to write a message."},
	{"sign", Sign{}, Signed{}, "A JWT is to be signed with a key that stays with the application."},
	{"store", Store{}, Stored{}, "Credentials are to be read from or written to the application's store."},
}

// A TellRow describes one event.
type TellRow struct {
	Name string
	Data any
	Doc  string
	// Listen is set where the event is told only while somebody listens to it,
	// as the command listen says; but for trace it is the server's, which may
	// have to be asked for it.
	Listen bool
}

// Tells lists every event, sorted by name.
var Tells = []TellRow{
	{"elicitationComplete", ElicitationComplete{}, "What the server asked for by URL is done.", false},
	{"log", Log{}, "The server logged something.", true},
	{"progress", Progress{}, "A call went on. The frame's id is the call.", false},
	{"promptsChanged", PromptsChanged{}, "The server's list of prompts changed.", true},
	{"resourceUpdated", ResourceUpdated{}, "A resource that was subscribed to changed.", true},
	{"resourcesChanged", ResourcesChanged{}, "The server's lists of resources or resource templates changed.", true},
	{"state", State{}, "The session's connection changed.", false},
	{"toolsChanged", ToolsChanged{}, "The server's list of tools changed.", true},
	{"trace", Trace{}, "Something went over the network, or was thrown away. Only while somebody listens.", true},
}

// Listened returns the names of the events that are told only while somebody
// listens, sorted.
func Listened() []string {
	var out []string
	for _, row := range Tells {
		if row.Listen {
			out = append(out, row.Name)
		}
	}
	return out
}

// An ExportRow describes one of the plugin's simple exports.
type ExportRow struct {
	Name string
	// Input and Output are zero values of the JSON types.
	Input, Output any
	Doc           string
}

// Exports lists the plugin's simple exports, sorted by name.
var Exports = []ExportRow{
	{"discover", Discover{}, DiscoverOutput{}, "Says what a server is and which tools it has."},
	{"run", Run{}, RunOutput{}, "Calls a tool. What a server of 2026-07-28 asks comes as data, and its answer goes with the next call."},
}

// A CodeRow describes one error code.
type CodeRow struct {
	Code Code
	Doc  string
}

// Codes lists every error code, by family.
var Codes = []CodeRow{
	{CodeLocalBadArgument, "The caller gave something that cannot be right; nothing was sent."},
	{CodeLocalBadURL, "Not an absolute http or https URL; nothing was sent."},
	{CodeLocalClosed, "The session, or the client, is closed."},
	{CodeLocalCancelled, "The caller cancelled."},
	{CodeLocalTimeout, "Nothing was heard for the time allowed, or the total time is over."},
	{CodeLocalTooLarge, "An answer, an event, its nesting or the number of calls passes a limit."},
	{CodeLocalBadFrame, "A malformed batch or frame: the two halves do not fit, or a bug."},
	{CodeLocalABIMismatch, "Core and embedder speak different majors of the boundary."},
	{CodeLocalUnsupported, "This build, embedder or server cannot do that."},
	{CodeHTTPStatus, "The server answered with a status that MCP gives no meaning to."},
	{CodeHTTPNotMCP, "What answered is not an MCP server: a page, or JSON that is not JSON-RPC."},
	{CodeHTTPNetwork, "No connection, or it ended before the answer."},
	{CodeHTTPCORS, "The browser kept the answer back: the server does not allow this origin."},
	{CodeHTTPSessionGone, "The server no longer knows the session, and opening a new one did not help."},
	{CodeChannelClosed, "No channel, or it ended before the answer: the process could not be started, or exited; the socket or port was closed."},
	{CodeRPCError, "The server answered with a JSON-RPC error."},
	{CodeRPCInvalidResult, "The tool's result does not fit its outputSchema. The data says where, and has the result (InvalidResult): the tool has been executed."},
	{CodeAuthRequired, "The server wants credentials (401)."},
	{CodeAuthDenied, "The server refuses this caller (403)."},
	{CodeAuthInsufficientScope, "The token lacks a scope (403 with insufficient_scope)."},
	{CodeAuthRefreshFailed, "The token could not be renewed."},
	{CodeAuthIssuerMismatch, "The authorization server is not the one it should be."},
	{CodePolicyOrigin, "The request would leave the origins that the embedder allows."},
	{CodePolicyRedirect, "A redirect that may not be followed, or cannot be seen."},
	{CodePolicyPrivateAddress, "The name leads to a private or loopback address that is not allowed."},
	{CodePolicyHandlerMissing, "The question needs a handler that the application did not register."},
	{CodePluginTrap, "The guest failed; what was in flight is lost, the next call gets a fresh instance."},
	{CodePluginDeadline, "The guest ran longer than the host allows."},
	{CodePluginMissing, "The plugin's wasm is not built into this program."},
}

// A DetailRow describes the data of the errors of one code.
type DetailRow struct {
	Code Code
	// Data is the zero value of the JSON type.
	Data any
}

// Details lists the codes whose errors have data of remora's own.
var Details = []DetailRow{
	{CodeAuthRequired, Challenge{}},
	{CodeAuthDenied, Challenge{}},
	{CodeAuthInsufficientScope, Challenge{}},
	{CodeAuthRefreshFailed, Challenge{}},
	{CodeRPCInvalidResult, InvalidResult{}},
}
