// Package host is remora's library for Go programs: an MCP client whose core
// runs as a WebAssembly plugin, in a sandbox that reaches only what this
// package lets it reach.
//
// [Open] compiles the plugin (once; the machine code is kept in the user's
// cache folder) and returns a [Runtime]. [Runtime.Connect] opens a [Session]
// with one MCP server over Streamable HTTP. A session has the request methods
// of the go-sdk's mcp.ClientSession with the same signatures; [Client] is the
// interface that both satisfy.
//
//	rt, err := host.Open(ctx, host.Options{})
//	...
//	defer rt.Close(ctx)
//	s, err := rt.Connect(ctx, "https://example.com/mcp", nil)
//	...
//	defer s.Close()
//	res, err := s.CallTool(ctx, &mcp.CallToolParams{Name: "add", Arguments: args})
//
// # Concurrency
//
// A Runtime and its sessions are safe for concurrent use. All sessions share
// one instance of the plugin and any number of calls can be in flight on it:
// one goroutine steps the instance, every HTTP request and every handler runs
// on its own, and a call's callbacks run on the goroutine that made the call.
//
// # What the plugin may reach
//
// The plugin opens no connection itself: it asks, and this package checks every
// request and every hop of a redirect against the session's [Policy]. Headers,
// keys and tokens that the application gives never enter the plugin; they are
// added here, and only to requests that go to the server's own origin. Tokens that
// it gets itself (ConnectOptions.Auth) go there only too.
//
// # Authorization
//
// A server that wants a token can be given one that the application has
// (ConnectOptions.Headers and Token), or ConnectOptions.Auth says how to get one:
// a person logs in ([LoopbackAuthorizer], [PasteAuthorizer]), or the program
// stands for itself. Tokens are renewed by themselves and kept in a [Store];
// [Runtime.Login] sees to one beforehand. Private keys stay with the application.
//
// # Errors
//
// Methods return a [*Error] with a [Code]. Its Sent field says whether the
// server can have seen the request, which decides whether a call may be
// repeated.
package host

import "github.com/remora-mcp/remora/internal/wire"

// Version is the release of remora.
const Version = wire.Version
