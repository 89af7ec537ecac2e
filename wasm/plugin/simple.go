//go:build wasip1

package main

import (
	"encoding/json"
	"net/textproto"
	"strings"
	"time"

	pdk "github.com/extism/go-pdk"

	"github.com/remora-mcp/remora/internal/core"
	"github.com/remora-mcp/remora/internal/wire"
)

// discover says what a server is and which tools it has: wire.Discover in,
// wire.DiscoverOutput out.
//
//go:wasmexport discover
func discover() int32 {
	var in wire.Discover
	return simple(&in, &in.Target, func(o core.Once) []byte { return o.Discover(in) })
}

// run calls a tool: wire.Run in, wire.RunOutput out.
//
//go:wasmexport run
func run() int32 {
	var in wire.Run
	return simple(&in, &in.Target, func(o core.Once) []byte { return o.Run(in) })
}

// simple reads an export's input, does the work and writes the output. It
// returns 0: every failure is in the output.
func simple(in any, target *wire.Target, work func(core.Once) []byte) int32 {
	input := pdk.Input()
	if len(input) == 0 {
		input = []byte(`{}`)
	}
	if err := json.Unmarshal(input, in); err != nil {
		return fail(wire.CodeLocalBadArgument, "the input is not a JSON object of the form that docs/abi.md describes")
	}
	headers, problem := configure(target)
	if problem != "" {
		return fail(wire.CodeLocalBadArgument, problem)
	}
	clock := newClock()
	out := finish(clock, target.TimeoutMs, func() []byte {
		h := &hostHTTP{headers: headers}
		return work(core.Once{HTTP: h, Clock: clock, HeadersHidden: func() bool { return h.hidden }})
	})
	if out == nil {
		return fail(wire.CodeLocalTimeout, "the client did not come to an end")
	}
	pdk.Output(out)
	return 0
}

func fail(code wire.Code, message string) int32 {
	pdk.Output(core.OnceFailure(&wire.Error{Code: code, Message: message, Sent: wire.SentNo}))
	return 0
}

// overtime is how long the client may take beyond its own time-out to close.
const overtime = 5 * time.Second

// finish does the work in a goroutine and runs the others beside it, until it is
// done. It returns nil if the work should have ended long ago.
func finish(clock *clock, timeoutMs int64, work func() []byte) []byte {
	if timeoutMs <= 0 {
		timeoutMs = wire.DefaultTimeoutMs
	}
	end := time.Now().Add(time.Duration(timeoutMs)*time.Millisecond + overtime)
	done := make(chan []byte, 1)
	go func() { done <- work() }()
	for {
		settle()
		select {
		case out := <-done:
			return out
		default:
		}
		if time.Now().After(end) {
			return nil
		}
		// Only a timer can wake anybody now.
		time.Sleep(time.Duration(*clock.wakeMs(true)) * time.Millisecond)
	}
}

// configure fills in what the input leaves to the manifest's config, and returns
// the headers to add. The config's headers go to the config's server only.
func configure(target *wire.Target) (headers map[string]string, problem string) {
	server, _ := pdk.GetConfig("server")
	headers = make(map[string]string)
	if target.Server == "" || server == "" || target.Server == server {
		if target.Server == "" {
			target.Server = server
		}
		if problem := configHeaders(headers); problem != "" {
			return nil, problem
		}
	}
	for name, value := range target.Headers {
		headers[textproto.CanonicalMIMEHeaderKey(name)] = value
	}
	for name, value := range headers {
		if !isToken(name) || !isFieldValue(value) {
			// Neither is repeated: a value may be a secret, a name its mistake.
			return nil, "a header's name or value holds characters that it cannot have"
		}
	}
	return headers, ""
}

// configHeaders reads the headers of the manifest's config. Extism does not
// list a config's keys, so names that are not known are one JSON object.
func configHeaders(headers map[string]string) (problem string) {
	if raw, ok := pdk.GetConfig("headers"); ok {
		var listed map[string]string
		if json.Unmarshal([]byte(raw), &listed) != nil {
			return `the config's "headers" is not a JSON object of strings`
		}
		for name, value := range listed {
			headers[textproto.CanonicalMIMEHeaderKey(name)] = value
		}
	}
	if value, ok := pdk.GetConfig("header.Authorization"); ok {
		headers["Authorization"] = value
	}
	return ""
}

// isToken reports whether s can be a header's name (RFC 9110, 5.6.2).
func isToken(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("!#$%&'*+-.^_`|~", r))
	}) < 0
}

// isFieldValue reports whether s can be a header's value (RFC 9110, 5.5).
func isFieldValue(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) < 0
}
