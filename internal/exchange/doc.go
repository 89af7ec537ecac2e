// Package exchange stands between the go-sdk and the network: a
// http.RoundTripper that knows JSON-RPC.
//
// The go-sdk is right about the protocol and loose at the edges; what it is
// loose about is mended here, from outside, in one place:
//
//   - A call's notifications are handed over before its answer is let through,
//     in the order in which they came (stream.go).
//   - A failure becomes a JSON-RPC error for the call that it belongs to, and
//     never ends the session: a plain 403, a body that cannot be decoded, an
//     oversized event (post.go, failure.go).
//   - The raw bytes of a result are kept for the application (call.go); the
//     SDK gets a stub of what it needs (stub.go).
//   - Bytes, events and depth are bounded (body.go, sse.go, depth.go).
//   - A cut event stream is resumed with Last-Event-ID where it has ids
//     (stream.go).
//   - Standing streams are opened only while somebody listens (standing.go).
//   - What the SDK would lose of a server's question is kept beside it
//     (question.go).
//
// It knows no platform: the network is a port.HTTP.
package exchange
