// Package fault is an MCP server that goes wrong on purpose: one http.Handler
// with a path or a tool for every way in which a server, or the way to it, can
// fail a client. It speaks just enough MCP by hand, in raw JSON, to be able to
// lie about any of it.
//
// # Addresses
//
//	/{line}/{endpoint}/{run}             the MCP endpoint
//	/{line}/{endpoint}/{run}/counters    what the run has seen, as JSON
//
// line is [Line2025] (2025-11-25: initialize, sessions) or [Line2026]
// (2026-07-28: server/discover, no sessions); an endpoint speaks no other.
// endpoint is a row of [Endpoints]: "mcp" is sound, the others fail from the
// first request on. Faults of single calls are tools of "mcp", the rows of
// [Tools]. run is a name of the test's choice (letters, digits, "-" and "_");
// sessions, counters and barriers of different runs never meet.
//
// # Counters
//
// A counter is a name and a number; see [Counters]. With the query
// wait=NAME&min=N the answer is held back until counter NAME has reached N
// (default 1), with max=N until it is no more than N, or is 504 after
// [WaitLimit].
//
// # Authorization
//
// [StartAuth] starts a protected server, its authorization server and an
// attacker's server, of which one goes after what is not meant for it: a row of
// [AuthFaults]. [Auth.Reached] says what it got.
package fault
