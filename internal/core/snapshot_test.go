package core

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
	"github.com/remora-mcp/remora/test/fault"
)

var protocols = []string{"2025-11-25", "2026-07-28"}

// takeSnapshot has a session's snapshot taken.
func (e *embedder) takeSnapshot(session uint32) json.RawMessage {
	e.t.Helper()
	raw, err := e.run(wire.Call{Command: "snapshot", Session: session}, wire.Snapshot{})
	if err != nil {
		e.t.Fatalf("snapshot: %v", err)
	}
	return json.RawMessage(raw)
}

// requests returns what the server was asked since a point of its record.
func (f *featured) since(n int) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var methods []string
	for _, r := range f.asked[n:] {
		methods = append(methods, r.Method)
	}
	return methods
}

func (f *featured) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.asked)
}

// A restored session makes one request for its first call, on both lines, and
// knows of the server what the one before knew.
func TestRestoreMakesNoHandshake(t *testing.T) {
	for _, protocol := range protocols {
		t.Run(protocol, func(t *testing.T) {
			f, url := newFeatured(t, protocol >= "2026", true)
			first := newEmbedder(t)
			before := first.connect(wire.Connect{URL: url, ProtocolVersion: protocol, Roots: []wire.Root{{URI: "file:///a"}}})
			snapshot := first.takeSnapshot(before.Session)
			asked := f.count()

			second := newEmbedder(t)
			after := second.connect(wire.Connect{URL: url, Restore: snapshot, Events: []string{"toolsChanged", "log"}, Roots: []wire.Root{{URI: "file:///a"}}})
			if got := f.since(asked); len(got) > 0 {
				t.Fatalf("restoring asked %v", got)
			}
			before.Session, after.Session = 0, 0
			was, _ := json.Marshal(before)
			is, _ := json.Marshal(after)
			if string(was) != string(is) {
				t.Errorf("restored as\n%s\nwas\n%s", is, was)
			}
			second.onlyAsks(f, asked, wire.Call{Command: "listTools", Session: 1}, "tools/list")
			// What is listened to is opened then.
			stream := "GET"
			if protocol >= "2026" {
				stream = "subscriptions/listen"
			}
			eventually(t, "the stream is opened", func() bool { return slices.Equal(f.since(asked), []string{"tools/list", stream}) })
			again := second.takeSnapshot(1)
			if len(again) == 0 || string(again) != string(snapshot) {
				t.Errorf("the restored session's snapshot is\n%s\nwas\n%s", again, snapshot)
			}
			if _, err := second.run(wire.Call{Command: "close", Session: 1}, wire.Close{Keep: true}); err != nil {
				t.Error(err)
			}
			if got := f.of("DELETE"); len(got) > 0 {
				t.Error("the session was to be kept")
			}
			// The one before works on.
			if _, err := first.run(wire.Call{Command: "ping", Session: 1}, wire.Ping{}); err != nil {
				t.Error(err)
			}
		})
	}
}

// onlyAsks runs a command and fails unless exactly one request was made by then.
func (e *embedder) onlyAsks(f *featured, asked int, h wire.Call, method string) {
	e.t.Helper()
	e.mu.Lock()
	calls := e.core.Open()
	e.mu.Unlock()
	if calls != 0 {
		e.t.Errorf("%d things are open before the first call", calls)
	}
	if _, err := e.run(h, struct{}{}); err != nil {
		e.t.Fatalf("%s: %v", h.Command, err)
	}
	if got := f.since(asked); len(got) == 0 || got[0] != method || slices.Contains(got[1:], method) ||
		slices.Contains(got, "initialize") || slices.Contains(got, "server/discover") || slices.Contains(got, "notifications/initialized") {
		e.t.Fatalf("the first call asked %v", got)
	}
}

// Without anybody who listens nothing follows the first call's request.
func TestRestoreAloneAsksOnce(t *testing.T) {
	for _, protocol := range protocols {
		t.Run(protocol, func(t *testing.T) {
			f, url := newFeatured(t, protocol >= "2026", true)
			first := newEmbedder(t)
			snapshot := first.takeSnapshot(first.connect(wire.Connect{URL: url, ProtocolVersion: protocol}).Session)
			asked := f.count()
			second := newEmbedder(t)
			session := second.connect(wire.Connect{URL: url, Restore: snapshot}).Session
			if _, err := second.run(wire.Call{Command: "callTool", Session: session}, wire.CallTool{Name: "logs"}); err != nil {
				t.Fatal(err)
			}
			if _, err := second.run(wire.Call{Command: "close", Session: session}, wire.Close{Keep: true}); err != nil {
				t.Fatal(err)
			}
			if got := f.since(asked); !slices.Equal(got, []string{"tools/call"}) {
				t.Errorf("asked %v, want one call", got)
			}
		})
	}
}

// The level of logging and the subscriptions are part of it; the server is not
// told of them again, and events come.
func TestRestoreKeepsLevelAndSubscriptions(t *testing.T) {
	for _, protocol := range protocols {
		t.Run(protocol, func(t *testing.T) {
			f, url := newFeatured(t, protocol >= "2026", true)
			first := newEmbedder(t)
			session := first.connect(wire.Connect{URL: url, ProtocolVersion: protocol, LogLevel: "info", Subscriptions: []string{"test:a"}}).Session
			snapshot := first.takeSnapshot(session)
			leave := func(e *embedder, session uint32) {
				t.Helper()
				if _, err := e.run(wire.Call{Command: "close", Session: session}, wire.Close{Keep: true}); err != nil {
					t.Error(err)
				}
			}
			leave(first, session) // a server of 2025-11-25 may allow one stream
			told := len(f.of("resources/subscribe")) + len(f.of("logging/setLevel"))

			second := newEmbedder(t)
			session = second.connect(wire.Connect{URL: url, Restore: snapshot, Events: []string{"log", "resourceUpdated"}}).Session
			if _, err := second.run(wire.Call{Command: "callTool", Session: session}, wire.CallTool{Name: "logs"}); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the update is told", func() bool { f.change("test:a"); return len(second.tellsOf("resourceUpdated")) > 0 })
			if protocol >= "2026" {
				calls := f.of("tools/call")
				if got := calls[len(calls)-1].Params.Meta[metaLogLevel]; got != "info" {
					t.Errorf("the level asked for is %v, want info", got)
				}
			}
			if got := len(f.of("resources/subscribe")) + len(f.of("logging/setLevel")); got != told {
				t.Errorf("%d requests for what the server knew", got-told)
			}
			leave(second, session)
			// Another level is news, which follows the first call.
			third := newEmbedder(t)
			session = third.connect(wire.Connect{URL: url, Restore: snapshot, LogLevel: "error", Subscriptions: []string{"test:b"}, Events: []string{"resourceUpdated"}}).Session
			if _, err := third.run(wire.Call{Command: "ping", Session: session}, wire.Ping{}); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the other update is told", func() bool { f.change("test:b"); return len(third.tellsOf("resourceUpdated")) > 0 })
			if levels := f.of("logging/setLevel"); protocol < "2026" && levels[len(levels)-1].Params.Level != "error" {
				t.Errorf("levels %+v, want error at the end", levels)
			}
			leave(third, session)
		})
	}
}

// To subscribe can be a restored session's first call.
func TestRestoreThenSubscribe(t *testing.T) {
	for _, protocol := range protocols {
		t.Run(protocol, func(t *testing.T) {
			f, url := newFeatured(t, protocol >= "2026", true)
			first := newEmbedder(t)
			snapshot := first.takeSnapshot(first.connect(wire.Connect{URL: url, ProtocolVersion: protocol}).Session)
			second := newEmbedder(t)
			session := second.connect(wire.Connect{URL: url, Restore: snapshot, Events: []string{"resourceUpdated"}}).Session
			if _, err := second.run(wire.Call{Command: "subscribeResource", Session: session}, wire.SubscribeResource{URI: "test:a"}); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the update is told", func() bool { f.change("test:a"); return len(second.tellsOf("resourceUpdated")) > 0 })
			if _, err := second.run(wire.Call{Command: "close", Session: session}, wire.Close{}); err != nil {
				t.Error(err)
			}
		})
	}
}

// If the server has forgotten the session, the handshake is made after all.
func TestRestoreOfForgottenSession(t *testing.T) {
	f, url := newFeatured(t, false, true)
	first := newEmbedder(t)
	session := first.connect(wire.Connect{URL: url, ProtocolVersion: "2025-11-25", Subscriptions: []string{"test:a"}}).Session
	snapshot := first.takeSnapshot(session)
	var said wire.SnapshotResult
	if err := json.Unmarshal(snapshot, &said); err != nil || said.Secret == nil {
		t.Fatalf("%s: %v", snapshot, err)
	}
	f.mu.Lock()
	f.gone[said.Secret.SessionID] = true
	f.mu.Unlock()
	second := newEmbedder(t)
	session = second.connect(wire.Connect{URL: url, Restore: snapshot}).Session
	if _, err := second.run(wire.Call{Command: "callTool", Session: session}, wire.CallTool{Name: "logs"}); err != nil {
		t.Fatal(err)
	}
	if got := len(f.of("initialize")); got != 2 {
		t.Errorf("%d handshakes, want 2", got)
	}
	if got := f.of("resources/subscribe"); len(got) != 2 || got[1].Params.URI != "test:a" {
		t.Errorf("subscribed %+v", got)
	}
	if _, err := second.run(wire.Call{Command: "close", Session: session}, wire.Close{}); err != nil {
		t.Error(err)
	}
}

// Arguments are repeated in headers without a list of tools, and the snapshot of
// a server with 20 tools is small.
func TestRestoreKnowsHeadersOfTools(t *testing.T) {
	server := mcp.NewServer(&mcp.Implementation{Name: "headers", Title: "A server with headers", Version: "1"}, &mcp.ServerOptions{
		Instructions: strings.Repeat("Ask first, then call. ", 20),
	})
	for i := range 20 {
		schema := fmt.Sprintf(`{"type":"object","description":%q,"properties":{
			"region":{"type":"string","description":"Where","x-mcp-header":"Region"},
			"deep":{"type":"object","properties":{"tenant":{"type":"integer","x-mcp-header":"Tenant"},"other":{"type":"array","items":{"type":"string"}}}},
			"text":{"type":"string","description":%[1]q}}}`, strings.Repeat("words ", 50))
		server.AddTool(&mcp.Tool{Name: fmt.Sprint("tool-", i), InputSchema: json.RawMessage(schema)},
			func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				return &mcp.CallToolResult{}, nil
			})
	}
	seen := make(chan http.Header, 16)
	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, &mcp.StreamableHTTPOptions{Stateless: true})
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			seen <- r.Header.Clone()
		}
		handler.ServeHTTP(w, r)
	})).URL
	first := newEmbedder(t)
	session := first.connect(wire.Connect{URL: url}).Session
	if _, err := first.run(wire.Call{Command: "listTools", Session: session}, wire.ListTools{}); err != nil {
		t.Fatal(err)
	}
	snapshot := first.takeSnapshot(session)
	if len(snapshot) >= 4<<10 {
		t.Errorf("%d bytes, want less than 4 KiB: %s", len(snapshot), snapshot)
	}
	for range len(seen) {
		<-seen
	}
	second := newEmbedder(t)
	session = second.connect(wire.Connect{URL: url, Restore: snapshot}).Session
	if _, err := second.run(wire.Call{Command: "callTool", Session: session}, wire.CallTool{Name: "tool-7", Arguments: json.RawMessage(`{"region":"north","deep":{"tenant":7}}`)}); err != nil {
		t.Fatal(err)
	}
	if len(seen) != 1 {
		t.Fatalf("%d requests, want 1", len(seen))
	}
	if h := <-seen; h.Get("Mcp-Param-Region") != "north" || h.Get("Mcp-Param-Tenant") != "7" {
		t.Errorf("the headers are %v", h)
	}
	if again := second.takeSnapshot(session); string(again) != string(snapshot) {
		t.Errorf("the restored session's snapshot is\n%s\nwas\n%s", again, snapshot)
	}
}

// An answer to a call of the older connection is not taken for one of the new:
// no id is used twice in a session, and a cancellation names the right one.
func TestRestoredIDsAreNew(t *testing.T) {
	var mu sync.Mutex
	var ids, cancelled []string
	faults := fault.New()
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client has gone
		}
		var message struct {
			ID     json.RawMessage `json:"id"`
			Params struct {
				RequestID json.RawMessage `json:"requestId"`
			} `json:"params"`
		}
		if len(body) > 0 && json.Unmarshal(body, &message) != nil {
			t.Errorf("asked with %s", body)
		}
		mu.Lock()
		if message.ID != nil {
			ids = append(ids, string(message.ID))
		}
		if message.Params.RequestID != nil {
			cancelled = append(cancelled, string(message.Params.RequestID))
		}
		mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		faults.ServeHTTP(w, r)
	})).URL
	first := &faulty{t: t, e: newEmbedder(t), line: fault.Line2025, url: url}
	first.session = first.e.connect(wire.Connect{URL: first.endpoint("mcp"), ProtocolVersion: string(fault.Line2025)}).Session
	first.tool(wire.Call{}, "hang", `{}`)
	first.waitFor("seen.hang", 1)

	second := &faulty{t: t, e: newEmbedder(t), line: fault.Line2025, url: url}
	second.session = second.e.connect(wire.Connect{URL: first.endpoint("mcp"), Restore: first.e.takeSnapshot(first.session)}).Session
	second.mustWork()
	id, hanging := second.tool(wire.Call{}, "hang", `{}`)
	second.waitFor("seen.hang", 2)
	second.e.frame(wire.KindCancel, id, wire.Cancel{}, nil)
	if _, err := second.e.await(hanging); err == nil || err.Code != wire.CodeLocalCancelled {
		t.Errorf("got %v", err)
	}
	eventually(t, "the server hears of it", func() bool { mu.Lock(); defer mu.Unlock(); return len(cancelled) > 0 })
	mu.Lock()
	defer mu.Unlock()
	if sorted := slices.Sorted(slices.Values(ids)); len(slices.Compact(sorted)) != len(ids) {
		t.Errorf("the ids of one session are %v", ids)
	}
	if last := ids[len(ids)-1]; !slices.Equal(cancelled, []string{last}) {
		t.Errorf("cancelled %v, want the last of %v", cancelled, ids)
	}
}

// hostileSnapshots are what has to be refused, made from one that is good, and
// part of the reason.
func hostileSnapshots(url string, good []byte) map[string][2]string {
	with := func(member, value string) string {
		var fields map[string]json.RawMessage
		_ = json.Unmarshal(good, &fields)
		fields[member] = json.RawMessage(value)
		raw, err := json.Marshal(fields)
		if err != nil {
			panic(err)
		}
		return string(raw)
	}
	deep := strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000)
	return map[string][2]string{
		"another server":      {with("server", fmt.Sprintf("%q", url+"/other")), "another server"},
		"another query":       {with("server", fmt.Sprintf("%q", url+"?x=1")), "another server"},
		"another origin":      {with("server", `"https://example.com/"`), "another origin"},
		"another scheme":      {with("server", fmt.Sprintf("%q", strings.Replace(url, "http:", "https:", 1))), "another origin"},
		"no server":           {with("server", `""`), "another origin"},
		"a later version":     {with("remora", `2`), "version 2"},
		"an older version":    {with("remora", `0`), "version 0"},
		"a fraction":          {with("remora", `1.5`), "version 1.5"},
		"no version":          {`{"server":"` + url + `"}`, "not a snapshot"},
		"a version of words":  {with("remora", `"one"`), "not a snapshot"},
		"a list":              {`[1]`, "not a snapshot"},
		"a string":            {`"{}"`, "not a snapshot"},
		"huge":                {with("handshake", `"`+strings.Repeat("x", wire.MaxSnapshotBytes)+`"`), "larger than"},
		"deep":                {with("handshake", deep), "nested"},
		"handshake of text":   {with("handshake", `"x"`), "not an object"},
		"handshake of null":   {with("handshake", `null`), "not an object"},
		"handshake empty":     {with("handshake", `{}`), "handshake"},
		"handshake confused":  {with("handshake", `{"protocolVersion":7,"supportedVersions":"x","capabilities":[]}`), "handshake"},
		"unknown protocol":    {with("protocolVersion", `"2031-01-01"`), "protocolVersion"},
		"older protocol":      {with("protocolVersion", `"2024-11-05"`), "handshake"},
		"level":               {with("logLevel", `"loud"`), "logLevel"},
		"subscriptions":       {with("subscriptions", `[""]`), "subscriptions"},
		"too many":            {with("subscriptions", "["+strings.Repeat(`"x",`, maxSubscriptions)+`"x"]`), "subscriptions"},
		"subscription number": {with("subscriptions", `[1]`), "subscriptions"},
		"session with lines":  {with("secret", `{"sessionId":"canary\r\nX-Evil: 1"}`), "id"},
		"session of a number": {with("secret", `{"sessionId":1}`), "secret.sessionId"},
		"session too long":    {with("secret", `{"sessionId":"`+strings.Repeat("c", 5000)+`"}`), "id"},
		"event with lines":    {with("lastEventId", `"1\n2"`), "id"},
		"answer to a call":    {with("cache", `[{"method":"tools/call","result":{}}]`), "cache"},
		"answer of text":      {with("cache", `[{"method":"tools/list","result":"x"}]`), "cache"},
		"answer missing":      {with("cache", `[{"method":"tools/list"}]`), "cache"},
		"deep answer":         {with("cache", `[{"method":"tools/list","result":`+deep+`}]`), "cache"},
		"tools of numbers":    {with("tools", `[1]`), "tools"},
		"tools without names": {with("tools", `[{"marks":[["string","A","a"]]}]`), "tools"},
		"tools without marks": {with("tools", `[{"name":"x"}]`), "tools"},
		"marks too short":     {with("tools", `[{"name":"x","marks":[["string","A"]]}]`), "tools"},
		"marks of an object":  {with("tools", `[{"name":"x","marks":[["object","A","a"]]}]`), "tools"},
		"marks not a header":  {with("tools", `[{"name":"x","marks":[["string","A: b\r\n","a"]]}]`), "tools"},
		"marks twice":         {with("tools", `[{"name":"x","marks":[["string","A","a"],["string","a","b"]]}]`), "tools"},
		"marks too deep":      {with("tools", `[{"name":"x","marks":[["string","A"`+strings.Repeat(`,"a"`, 5000)+`]]}]`), "tools"},
	}
}

// What is no snapshot of this server is refused with a reason, before any
// traffic, and quotes nothing of it.
func TestRestoreRefuses(t *testing.T) {
	for _, protocol := range protocols {
		f, url := newFeatured(t, protocol >= "2026", true)
		e := newEmbedder(t)
		good := e.takeSnapshot(e.connect(wire.Connect{URL: url, ProtocolVersion: protocol}).Session)
		asked := f.count()
		for name, c := range hostileSnapshots(url, good) {
			t.Run(protocol+"/"+name, func(t *testing.T) {
				_, err := e.run(wire.Call{Command: "connect"}, wire.Connect{URL: url, Restore: json.RawMessage(c[0])})
				if err == nil || err.Code != wire.CodeLocalBadArgument || !strings.Contains(err.Message, c[1]) {
					t.Errorf("got %v, want %s with %q", err, wire.CodeLocalBadArgument, c[1])
				}
				if err != nil && (strings.Contains(err.Message, "canary") || strings.Contains(err.Message, url)) {
					t.Errorf("it quotes: %v", err)
				}
			})
		}
		for cut := range good {
			raw := append([]byte(`{"url":"`+url+`","restore":`), good[:cut]...)
			if _, err := e.run(wire.Call{Command: "connect"}, json.RawMessage(append(raw, '}'))); err == nil || err.Code != wire.CodeLocalBadArgument {
				t.Fatalf("cut after %d bytes: %v", cut, err)
			}
		}
		if _, err := e.run(wire.Call{Command: "connect"}, wire.Connect{Channel: "1", Restore: good}); err == nil || err.Code != wire.CodeLocalBadArgument {
			t.Errorf("over a channel: %v", err)
		}
		if got := f.since(asked); len(got) > 0 {
			t.Errorf("the server was asked %v", got)
		}
		if got := e.stats().Sessions; got != 1 {
			t.Errorf("%d sessions are open, want the first", got)
		}
		if _, err := e.run(wire.Call{Command: "close", Session: 1}, wire.Close{}); err != nil {
			t.Error(err)
		}
		eventually(t, "nothing is open", func() bool { return e.core.Open() == 0 })
	}
}

// What is kept is part of it if it is asked for, for as long as it would have
// been kept.
func TestSnapshotOfTheCache(t *testing.T) {
	var asked atomic.Int32
	ttl := 60_000
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var message struct {
			ID     json.RawMessage `json:"id"`
			Method string          `json:"method"`
		}
		if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
			t.Error(err)
		}
		result := `{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{}}}`
		if message.Method == "tools/list" {
			asked.Add(1)
			result = fmt.Sprintf(`{"tools":[{"name":"a","inputSchema":{"type":"object"},"outputSchema":{"type":"object"}}],"ttlMs":%d}`, ttl)
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, message.ID, result)
	})).URL
	list := func(e *embedder, session uint32) string {
		t.Helper()
		result, err := e.run(wire.Call{Command: "listTools", Session: session}, wire.ListTools{})
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	first := newEmbedder(t)
	session := first.connect(wire.Connect{URL: url}).Session
	kept := list(first, session)
	if without := first.takeSnapshot(session); strings.Contains(string(without), "cache") {
		t.Errorf("not asked for: %s", without)
	}
	with, failure := first.run(wire.Call{Command: "snapshot", Session: session}, wire.Snapshot{Cache: true})
	if failure != nil {
		t.Fatal(failure)
	}
	second := newEmbedder(t)
	session = second.connect(wire.Connect{URL: url, Restore: json.RawMessage(with)}).Session
	if got := list(second, session); got != kept || asked.Load() != 1 {
		t.Errorf("listed %s with %d requests, want %s with one", got, asked.Load(), kept)
	}
	s, err := second.core.findSession(session)
	if err != nil || s.outputs.find("a") == nil {
		t.Errorf("%v; what the tool promises is not known", err)
	}
	// What is no longer fresh is asked for.
	var snapshot wire.SnapshotResult
	if err := json.Unmarshal([]byte(with), &snapshot); err != nil || len(snapshot.Cache) != 1 {
		t.Fatalf("%s: %v", with, err)
	}
	if left := time.Until(time.UnixMilli(snapshot.Cache[0].ExpiresMs)); left <= 0 || left > time.Minute {
		t.Errorf("kept for another %v, want up to a minute", left)
	}
	snapshot.Cache[0].ExpiresMs = time.Now().Add(-time.Second).UnixMilli()
	stale, _ := json.Marshal(snapshot)
	third := newEmbedder(t)
	list(third, third.connect(wire.Connect{URL: url, Restore: stale}).Session)
	if got := asked.Load(); got != 2 {
		t.Errorf("%d requests, want two", got)
	}
	// Nor does it hold for longer than a server may say.
	snapshot.Cache[0].ExpiresMs = math.MaxInt64
	forever, _ := json.Marshal(snapshot)
	session = third.connect(wire.Connect{URL: url, Restore: forever}).Session
	s, err = third.core.findSession(session)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.cache.answers(1 << 20)[0].ExpiresMs; got > time.Now().Add(25*time.Hour).UnixMilli() {
		t.Errorf("kept until %d", got)
	}
}

// Embedders write one URL in different ways.
func TestRestoreKnowsTheServerAgain(t *testing.T) {
	for _, c := range []struct {
		given, kept string
		want        bool
	}{
		{"https://example.com", "https://example.com/", true},
		{"https://Example.com:443/mcp", "https://example.com/mcp", true},
		{"http://example.com:80/mcp", "http://example.com/mcp", true},
		{"https://example.com/mcp?a=1", "https://example.com/mcp?a=1", true},
		{"https://example.com/mcp", "https://example.com/mcp/", false},
		{"https://example.com/mcp", "https://example.com:8443/mcp", false},
		{"https://example.com/mcp", "https://user@example.com/mcp", false},
		{"https://example.com/a%2Fb", "https://example.com/a/b", false},
	} {
		if got := sameServer(c.given, c.kept) == nil; got != c.want {
			t.Errorf("%s and %s: %t, want %t", c.given, c.kept, got, c.want)
		}
	}
}

// Whatever a snapshot holds, restoring it ends, and sends nothing.
func FuzzRestore(f *testing.F) {
	const url = "http://127.0.0.1:9/mcp"
	f.Add([]byte(`{"remora":1,"server":"` + url + `","protocolVersion":"2026-07-28","handshake":{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{}}},"tools":[{"name":"x","marks":[["string","A","a","b"]]}],"logLevel":"info","subscriptions":["a"],"cache":[{"method":"tools/list","result":{"tools":[{"name":"x","outputSchema":{}}]},"expiresMs":9999999999999}]}`))
	f.Add([]byte(`{"remora":1,"server":"` + url + `","protocolVersion":"2025-11-25","handshake":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"x","version":"1"}},"secret":{"sessionId":"s"},"lastEventId":"7"}`))
	f.Add([]byte(`{"remora":1}`))
	f.Fuzz(func(t *testing.T, snapshot []byte) {
		if !json.Valid(snapshot) {
			return // connect's parameters would not be JSON
		}
		e := newEmbedder(t)
		e.onStart = func(_ uint32, h wire.HTTPStart) { t.Errorf("%s %s was asked for", h.Method, h.URL) }
		result, err := e.run(wire.Call{Command: "connect"}, wire.Connect{URL: url, Restore: snapshot})
		if err != nil {
			if err.Code != wire.CodeLocalBadArgument && err.Code != wire.CodeLocalTooLarge {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		var connected wire.Connected
		if err := json.Unmarshal([]byte(result), &connected); err != nil {
			t.Fatalf("connected with %s", result)
		}
		if _, err := e.run(wire.Call{Command: "snapshot", Session: connected.Session}, wire.Snapshot{}); err != nil {
			t.Errorf("what was restored has no snapshot: %v", err)
		}
		if _, err := e.run(wire.Call{Command: "close", Session: connected.Session}, wire.Close{Keep: true}); err != nil {
			t.Error(err)
		}
	})
}
