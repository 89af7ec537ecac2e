package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/remora-mcp/remora/internal/wire"
)

const wireDir = "../wire"

func mustLoad(t *testing.T) *vocabulary {
	t.Helper()
	v, err := load(wireDir)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestOutputIsDeterministic(t *testing.T) {
	for _, out := range outputs {
		first, err := out.render(mustLoad(t))
		if err != nil {
			t.Fatalf("%s: %v", out.path, err)
		}
		for range 20 { // map iteration order differs from run to run
			again, err := out.render(mustLoad(t))
			if err != nil {
				t.Fatalf("%s: %v", out.path, err)
			}
			if !bytes.Equal(first, again) {
				t.Fatalf("%s: two runs differ", out.path)
			}
		}
		if !bytes.Contains(first, []byte("DO NOT EDIT")) {
			t.Errorf("%s does not say that it is generated", out.path)
		}
		if !bytes.HasSuffix(first, []byte("\n")) || bytes.HasSuffix(first, []byte("\n\n")) {
			t.Errorf("%s does not end in one newline", out.path)
		}
	}
}

func TestTypesWithoutTranslationFail(t *testing.T) {
	type named string
	for _, test := range []struct {
		name string
		typ  reflect.Type
		want string
	}{
		{"any", reflect.TypeFor[any](), "no translation for the type interface {}"},
		{"map", reflect.TypeFor[map[string]int](), "no translation for the type map"},
		{"bytes", reflect.TypeFor[[]byte](), "no translation for the type []uint8"},
		{"func", reflect.TypeFor[func()](), "no translation for the type func()"},
		{"chan", reflect.TypeFor[chan int](), "no translation for the type chan int"},
		{"uint64, which JavaScript rounds", reflect.TypeFor[uint64](), "no translation for the type uint64"},
		{"named string", reflect.TypeFor[named](), "no translation for the named type main.named"},
		{"pointer to pointer", reflect.TypeFor[**int](), "no translation for the type **int"},
		{"list of any", reflect.TypeFor[[]any](), "no translation for the type interface {}"},
		{"struct without a comment", reflect.TypeFor[root](), "type root has no doc comment"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := mustLoad(t).ref(test.typ)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one that says %q", err, test.want)
			}
		})
	}
}

func TestFieldsThatTheWireDoesNotAllowFail(t *testing.T) {
	type bad struct {
		NoName  string
		Dropped string `json:"-"`
		Option  string `json:"option,string"`
		NoDoc   string `json:"noDoc"`
		json.Number
	}
	v := mustLoad(t)
	typ := reflect.TypeFor[bad]()
	for i := range typ.NumField() {
		if f, err := v.newField(typ, typ.Field(i)); err == nil {
			t.Errorf("%s: accepted as %+v", typ.Field(i).Name, f)
		}
	}
}

// parse loads the comments of one made-up source file.
func parse(t *testing.T, source string) (*docs, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x.go"), []byte("package x\n\n"+source), 0o600); err != nil {
		t.Fatal(err)
	}
	return parseDocs(dir)
}

func TestConstantsThatCannotBeReadFail(t *testing.T) {
	for _, test := range []struct{ name, source, want string }{
		{"iota", "type T int\n\nconst (\n\tA = iota\n\tB\n)", "constant A: its value cannot be read"},
		{"implicit", "type T int\n\nconst (\n\tA = 1\n\tB\n)", "constant B has no value beside it"},
		{"another constant", "type T int\n\nconst A = b", "constant A: its value cannot be read"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := parse(t, test.source)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one that says %q", err, test.want)
			}
		})
	}
}

func TestConstantsAndTablesMustAgree(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*docs)
		want   string
	}{
		{"unknown type", func(d *docs) {
			c := d.consts["KindHello"]
			c.typeName = "Colour"
			d.consts["Red"] = c
		}, "constant Red: no translation for constants of type Colour"},
		{"constant without a row", func(d *docs) {
			c := d.consts["DefaultMaxAsks"]
			c.typeName = "Kind"
			d.consts["KindDefault"] = c
			delete(d.consts, "DefaultMaxAsks")
		}, `no row in the tables`},
		{"row without a constant", func(d *docs) { delete(d.consts, "CodeHTTPCORS") },
			`the tables have a row for Code "http/cors", which has no constant`},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, err := parseDocs(wireDir)
			if err != nil {
				t.Fatal(err)
			}
			test.change(d)
			err = checkConstants(d)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one that says %q", err, test.want)
			}
		})
	}
}

func TestNaming(t *testing.T) {
	for _, test := range []struct {
		name     string
		fn       func(string) string
		in, want string
	}{
		{"lowerCamel", lowerCamel, "HTTPHead", "httpHead"},
		{"lowerCamel", lowerCamel, "CoreHello", "coreHello"},
		{"lowerCamel", lowerCamel, "Tick", "tick"},
		{"upperSnake", upperSnake, "MaxHeaderBytes", "MAX_HEADER_BYTES"},
		{"upperSnake", upperSnake, "DefaultTimeoutMs", "DEFAULT_TIMEOUT_MS"},
		{"upperSnake", upperSnake, "More", "MORE"},
		{"camelOfCode", camelOfCode, "local/bad_url", "localBadUrl"},
		{"camelOfCode", camelOfCode, "rpc/error", "rpcError"},
	} {
		if got := test.fn(test.in); got != test.want {
			t.Errorf("%s(%q) = %q, want %q", test.name, test.in, got, test.want)
		}
	}
}

func TestTypeScript(t *testing.T) {
	text, err := renderTypeScript(mustLoad(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"export const ABI: readonly [number, number] = [1, 0];\n",
		"export const PREFIX_SIZE = 16;\n",
		"\n  hello: 1,\n",
		"\n  coreHello: 64,\n",
		"\n  httpStart: 69,\n",
		"\n  localBadUrl: \"local/bad_url\",\n",
		"export interface WireError {\n",
		"\n  code: Code;\n",
		"\n  sent: Sent;\n",
		"\n  data?: unknown;\n",
		"\n  wakeMs: number | null;\n",
		"\n  abi: [number, number];\n",
		"\n  headers?: [string, string][];\n",
		"\n  clientInfo?: ClientInfo;\n",
		"export type Ping = Record<string, never>;\n",
		"\n  callTool: { params: CallTool; result: unknown };\n",
		"\n  elicit: { params: Elicit; answer: Elicited };\n",
		"\n  progress: Progress;\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("wire.ts lacks %q", want)
		}
	}
	code := regexp.MustCompile(`(?s)/\*\*.*?\*/|//[^\n]*`).ReplaceAllString(string(text), "")
	if regexp.MustCompile(`\bany\b`).MatchString(code) {
		t.Error(`wire.ts has the type "any"`)
	}
}

// TestSchemaDescribesTheStructs holds docs/wire.schema.json against what
// encoding/json really writes for each row of the tables.
func TestSchemaDescribesTheStructs(t *testing.T) {
	text, err := renderSchema(mustLoad(t))
	if err != nil {
		t.Fatal(err)
	}
	validate := func(t *testing.T, def string, instance []byte) error {
		t.Helper()
		var s jsonschema.Schema
		if err := json.Unmarshal(text, &s); err != nil {
			t.Fatal(err)
		}
		if s.Defs[def] == nil {
			t.Fatalf("no definition %s", def)
		}
		s.Ref = "#/$defs/" + def
		resolved, err := s.Resolve(nil)
		if err != nil {
			t.Fatal(err)
		}
		var value any
		if err := json.Unmarshal(instance, &value); err != nil {
			t.Fatal(err)
		}
		return resolved.Validate(value)
	}
	raw := json.RawMessage(`{"a":[1]}`)
	failure := &wire.Error{Code: wire.CodeRPCError, Message: "no", Data: raw, RPCCode: -32603, Sent: wire.SentYes}
	number, wake := 0.5, int64(20)
	kept := "x"
	login := wire.LoginServer{
		OnceServer: wire.OnceServer{Server: "https://example.com"}, Handlers: []string{"authorize"},
		Auth: wire.Auth{
			ClientID: "x", ClientSecret: "x", ClientAuth: wire.ClientAuthBasic, ClientMetadataURL: "x", Issuer: "x", RedirectURL: "x",
			Scopes: []string{"x"}, OnlineOnly: true, Registration: raw, Resumable: true, DPoP: true,
		},
	}
	sampled := map[string]bool{}
	for _, test := range []struct {
		def   string
		value any
	}{
		{"frame.hello", wire.Hello{ABI: wire.ABI, Limits: wire.Limits{}.WithDefaults(), Features: []string{"x"}}},
		{"frame.core.hello", wire.Hello{ABI: wire.ABI}},
		{"frame.call", wire.Call{Command: "ping", Session: 1, TimeoutMs: 5, Progress: true}},
		{"frame.cancel", wire.Cancel{}},
		{"frame.reply", wire.Reply{Error: failure}},
		{"frame.http.head", wire.HTTPHead{Status: 200, Headers: [][2]string{{"a", "b"}, {"a", "c"}}}},
		{"frame.http.error", wire.HTTPError{Error: failure}},
		{"frame.done", wire.Done{Error: failure}},
		{"frame.ask", wire.Ask{Kind: "elicit", Session: 1, Origin: "https://example.com"}},
		{"frame.ask.cancel", wire.AskCancel{Reason: "x"}},
		{"frame.tell", wire.Tell{Event: "log", Session: 1}},
		{"frame.http.start", wire.HTTPStart{Session: 1, Purpose: "mcp", Method: "POST", URL: "https://example.com", Credit: 1}},
		{"frame.http.more", wire.HTTPMore{Credit: 1}},
		{"frame.http.abort", wire.HTTPAbort{}},
		{"frame.chan.message", wire.ChanMessage{Bytes: 1 << 30}},
		{"frame.chan.closed", wire.ChanClosed{Error: failure}},
		{"frame.chan.open", wire.ChanOpen{Session: 1, Channel: "x", MaxBytes: 1, Credit: 1}},
		{"frame.chan.more", wire.ChanMore{Credit: 1}},
		{"frame.idle", wire.Idle{}},
		{"frame.idle", wire.Idle{Open: 1, WakeMs: &wake}},
		{"frame.fault", wire.Fault{Error: failure}},
		{"command.callTool.params", wire.CallTool{Name: "x", Arguments: raw, Meta: raw}},
		{"command.close.params", wire.Close{}},
		{"command.close.result", wire.Empty{}},
		{"command.connect.params", wire.Connect{URL: "https://example.com", Handlers: []string{"elicit"}}},
		{"command.connect.result", wire.Connected{Session: 1, Capabilities: raw}},
		{"command.discover.params", wire.DiscoverServer{OnceServer: wire.OnceServer{Server: "https://example.com"}, OnceAuth: wire.OnceAuth{Handlers: []string{"store"}, Auth: &wire.Auth{}}}},
		{"command.discover.result", wire.Discovered{Server: raw, Capabilities: raw, Tools: []json.RawMessage{raw}}},
		{"command.run.params", wire.RunTool{OnceServer: wire.OnceServer{Server: "https://example.com"}, ToolRun: wire.ToolRun{Tool: "x", Arguments: raw, InputResponses: raw, RequestState: raw, Meta: raw}}},
		{"command.run.result", wire.Ran{Result: raw}},
		{"command.listTools.params", wire.ListTools{Cursor: "x"}},
		{"command.listResources.params", wire.ListResources{Cursor: "x", Meta: raw}},
		{"command.listResourceTemplates.params", wire.ListResourceTemplates{Meta: raw}},
		{"command.readResource.params", wire.ReadResource{URI: "x:/", Meta: raw}},
		{"command.subscribeResource.params", wire.SubscribeResource{URI: "x:/"}},
		{"command.subscribeResource.result", wire.Empty{}},
		{"command.unsubscribeResource.params", wire.UnsubscribeResource{URI: "x:/"}},
		{"command.unsubscribeResource.result", wire.Empty{}},
		{"command.listPrompts.params", wire.ListPrompts{Cursor: "x"}},
		{"command.getPrompt.params", wire.GetPrompt{Name: "x", Arguments: map[string]string{"a": "b"}}},
		{"command.complete.params", wire.Complete{Ref: wire.CompleteRef{Type: "ref/prompt", Name: "x"}, Argument: wire.CompleteArgument{Name: "a", Value: "b"}, Context: &wire.CompleteContext{Arguments: map[string]string{"c": "d"}}}},
		{"command.connect.params", wire.Connect{URL: "https://example.com", Handlers: []string{"elicit", "sample"}, Roots: []wire.Root{}, ValidateOutput: wire.ValidateOff,
			Capabilities: wire.ClientCapabilities{Elicitation: &wire.ElicitationCapability{URL: &wire.Empty{}}, Sampling: &wire.SamplingCapability{Tools: &wire.Empty{}}}}},
		{"command.setRoots.params", wire.SetRoots{Roots: []wire.Root{{URI: "file:///a", Name: "a", Meta: raw}}}},
		{"command.setRoots.result", wire.Empty{}},
		{"command.setLoggingLevel.params", wire.SetLoggingLevel{Level: "info"}},
		{"command.setLoggingLevel.result", wire.Empty{}},
		{"command.listen.params", wire.Listen{Events: []string{"log"}}},
		{"command.ping.params", wire.Ping{}},
		{"command.ping.result", wire.Empty{}},
		{"command.listen.result", wire.Empty{}},
		{"command.snapshot.params", wire.Snapshot{Cache: true}},
		{"command.snapshot.result", wire.SnapshotResult{
			Remora: 1, Server: "x", ProtocolVersion: "x", Handshake: raw, LastEventID: "x", LogLevel: "info", Subscriptions: []string{"x"},
			Tools:  []wire.SnapshotTool{{Name: "x", Marks: [][]string{{"string", "X", "x"}}}},
			Cache:  []wire.SnapshotAnswer{{Method: "tools/list", Param: "x", Result: raw, ExpiresMs: 1}},
			Secret: &wire.SnapshotSecret{SessionID: "x", Headers: [][2]string{{"a", "b"}}},
		}},
		{"command.login.params", wire.Login{LoginServer: login, Again: true}},
		{"command.login.result", wire.LoginStatus{Authorized: true, Issuer: "x", ClientID: "x", Subject: "x", Scopes: []string{"x"}, ExpiresMs: 1, Renewable: true}},
		{"command.logout.params", wire.Logout{LoginServer: login}},
		{"command.logout.result", wire.LoginStatus{Revoked: true}},
		{"command.whoami.params", wire.Whoami{LoginServer: login}},
		{"command.whoami.result", wire.LoginStatus{}},
		{"command.connect.params", wire.Connect{URL: "https://example.com", Auth: &wire.Auth{Grant: wire.GrantEnterprise, ClientID: "x", Identity: &wire.IdentityProvider{Issuer: "x"}}}},
		{"command.snapshot.params", wire.Snapshot{Credentials: true}},
		{"command.snapshot.result", wire.SnapshotResult{Remora: 1, Server: "x", ProtocolVersion: "x", Handshake: raw, Secret: &wire.SnapshotSecret{Auth: raw}}},
		{"command.stats.params", wire.Stats{}},
		{"command.stats.result", wire.StatsResult{Open: 1, HeapBytes: 1 << 20}},
		{"ask.assert.params", wire.Assert{Use: wire.AssertWorkload, Audience: "x"}},
		{"ask.assert.answer", wire.Asserted{Token: "x"}},
		{"ask.authorize.params", wire.Authorize{URL: "https://example.com", RedirectURL: "x", Issuer: "x"}},
		{"ask.authorize.answer", wire.Authorized{URL: "x"}},
		{"ask.sign.params", wire.Sign{Use: wire.SignDPoP, Typ: "x", Claims: raw}},
		{"ask.sign.answer", wire.Signed{JWT: "x"}},
		{"ask.store.params", wire.Store{Op: wire.StoreSwap, Key: "x", Value: &kept, Was: &kept}},
		{"ask.store.answer", wire.Stored{Value: &kept, Swapped: true}},
		{"ask.elicit.params", wire.Elicit{Message: "x", RequestedSchema: raw}},
		{"ask.elicit.answer", wire.Elicited{Action: "accept", Content: raw}},
		{"ask.sample.params", wire.Sample{Messages: raw, MaxTokens: 5, Temperature: &number, StopSequences: []string{"x"}}},
		{"ask.sample.answer", wire.Sampled{Role: "assistant", Content: raw}},
		{"tell.elicitationComplete.data", wire.ElicitationComplete{ElicitationID: "x"}},
		{"tell.log.data", wire.Log{Level: "info", Data: raw}},
		{"tell.progress.data", wire.Progress{Progress: 1, Total: &number}},
		{"tell.state.data", wire.State{State: wire.StateReady}},
		{"tell.trace.data", wire.Trace{At: 1.5, Type: wire.TraceSent, Exchange: 1, Headers: [][2]string{{"a", "b"}}, Message: raw, Truncated: true}},
		{"tell.toolsChanged.data", wire.ToolsChanged{}},
		{"tell.promptsChanged.data", wire.PromptsChanged{}},
		{"tell.resourcesChanged.data", wire.ResourcesChanged{}},
		{"tell.resourceUpdated.data", wire.ResourceUpdated{URI: "x:/"}},
		{"export.discover.input", wire.Discover{Target: wire.Target{Server: "https://example.com", Headers: map[string]string{"a": "b"}}}},
		{"export.discover.output", wire.DiscoverOutput{Result: &wire.Discovered{Server: raw, Capabilities: raw, Tools: []json.RawMessage{raw}}}},
		{"export.run.input", wire.Run{Target: wire.Target{TimeoutMs: 1}, ToolRun: wire.ToolRun{Tool: "x", Arguments: raw, InputResponses: raw, RequestState: raw}}},
		{"export.run.output", wire.RunOutput{InputRequired: &wire.InputRequired{InputRequests: raw, RequestState: raw}}},
		{"export.run.output", wire.RunOutput{Error: failure}},
	} {
		instance, err := json.Marshal(test.value)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(t, test.def, instance); err != nil {
			t.Errorf("%s does not take %s: %v", test.def, instance, err)
		}
		sampled[test.def] = true
	}
	var all jsonschema.Schema
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for def := range all.Defs {
		if strings.Contains(def, ".") && !sampled[def] {
			t.Errorf("no sample of %s above", def)
		}
	}
	for _, test := range []struct{ name, def, instance string }{
		{"a required field is missing", "frame.call", `{}`},
		{"a wrong type", "frame.call", `{"command":1}`},
		{"a negative session", "frame.call", `{"command":"ping","session":-1}`},
		{"an unknown code", "frame.done", `{"error":{"code":"x","message":"","retryable":false,"sent":"no"}}`},
		{"an unknown sent", "frame.done", `{"error":{"code":"rpc/error","message":"","retryable":false,"sent":"maybe"}}`},
		{"a header with no value", "frame.http.head", `{"status":200,"headers":[["a"]]}`},
		{"a header that is not a string", "export.discover.input", `{"headers":{"a":1}}`},
		{"a run without a tool", "export.run.input", `{"server":"https://example.com"}`},
		{"a version with three parts", "frame.hello", `{"abi":[1,0,0],"name":"x","version":"y"}`},
	} {
		if err := validate(t, test.def, []byte(test.instance)); err == nil {
			t.Errorf("%s: %s takes %s", test.name, test.def, test.instance)
		}
	}
}

func TestMarkdownHasEveryRow(t *testing.T) {
	v := mustLoad(t)
	text, err := renderMarkdown(v)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, r := range wire.Kinds {
		want = append(want, "`"+r.Name+"`")
	}
	for _, r := range wire.Commands {
		want = append(want, "`"+r.Name+"`")
	}
	for _, r := range wire.Asks {
		want = append(want, "`"+r.Name+"`")
	}
	for _, r := range wire.Tells {
		want = append(want, "`"+r.Name+"`")
	}
	for _, r := range wire.Exports {
		want = append(want, "`"+r.Name+"`")
	}
	for _, r := range wire.Codes {
		want = append(want, "`"+string(r.Code)+"`")
	}
	for _, s := range v.sorted() {
		want = append(want, "### "+s.Name+"\n")
	}
	for _, w := range want {
		if !strings.Contains(string(text), w) {
			t.Errorf("wire.md lacks %q", w)
		}
	}
	// Every link inside the page leads to a heading of it.
	headings := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(string(text), -1) {
		headings[strings.ReplaceAll(strings.ToLower(m[1]), " ", "-")] = true
	}
	for _, m := range regexp.MustCompile(`\]\(#([^)]+)\)`).FindAllStringSubmatch(string(text), -1) {
		if !headings[m[1]] {
			t.Errorf("wire.md links to #%s, which is no heading", m[1])
		}
	}
}

// TestCheckedInFilesAreUpToDate is what -check does.
func TestCheckedInFilesAreUpToDate(t *testing.T) {
	if err := run(true); err != nil {
		t.Error(err)
	}
}
