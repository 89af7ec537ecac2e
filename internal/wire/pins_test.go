package wire_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/internal/wire"
)

// The literals below are the boundary that other people have built on. A
// difference means that a released embedder and this core no longer understand
// each other: a new major, not a new expectation here.

func TestABIIsPinned(t *testing.T) {
	if wire.ABI != [2]int{1, 0} {
		t.Errorf("wire.ABI = %v", wire.ABI)
	}
	if wire.PrefixSize != 16 || wire.MaxHeaderBytes != 65536 || wire.MaxChunkBytes != 1048576 || wire.More != 1 {
		t.Error("a size or flag of the frame changed")
	}
}

func TestKindsArePinned(t *testing.T) {
	want := []string{
		"1 hello to core", "2 call to core", "3 cancel to core", "4 reply to core", "5 http.head to core",
		"6 http.data to core", "7 http.end to core", "8 http.error to core", "9 chan.opened to core",
		"10 chan.message to core", "11 chan.closed to core", "12 tick to core",
		"64 hello", "65 done", "66 ask", "67 ask.cancel", "68 tell", "69 http.start", "70 http.more",
		"71 http.abort", "72 chan.open", "73 chan.send", "74 chan.close", "75 idle", "76 fault", "77 chan.more",
	}
	var got []string
	for _, row := range wire.Kinds {
		line := fmt.Sprintf("%d %s", uint8(row.Kind), row.Name)
		if row.Kind.ToCore() {
			line += " to core"
		}
		got = append(got, line)
		if row.Kind.String() != row.Name {
			t.Errorf("kind %d is called %q and %q", row.Kind, row.Name, row.Kind)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := wire.Kind(200).String(); got != "kind 200" {
		t.Errorf("an unknown kind is called %q", got)
	}
}

// assertHas pins rows to which a minor version may add: each of the first ones is
// still there, under its name.
func assertHas(t *testing.T, got, want []string) {
	t.Helper()
	for _, name := range want {
		if !slices.Contains(got, name) {
			t.Errorf("%q is gone", name)
		}
	}
	for i := range got {
		if slices.Contains(got[:i], got[i]) {
			t.Errorf("%q is there twice", got[i])
		}
	}
}

func TestNamesArePinned(t *testing.T) {
	var codes, commands, asks, tells, exports []string
	for _, r := range wire.Codes {
		codes = append(codes, string(r.Code))
	}
	for _, r := range wire.Commands {
		commands = append(commands, r.Name)
	}
	for _, r := range wire.Asks {
		asks = append(asks, r.Name)
	}
	for _, r := range wire.Tells {
		tells = append(tells, r.Name)
	}
	for _, r := range wire.Exports {
		exports = append(exports, r.Name)
	}
	assertHas(t, codes, []string{
		"local/bad_argument", "local/bad_url", "local/closed", "local/cancelled", "local/timeout",
		"local/too_large", "local/bad_frame", "local/abi_mismatch", "local/unsupported",
		"http/status", "http/not_mcp", "http/network", "http/cors", "http/session_gone",
		"rpc/error", "rpc/invalid_result",
		"auth/required", "auth/denied", "auth/insufficient_scope", "auth/refresh_failed", "auth/issuer_mismatch",
		"policy/origin", "policy/redirect", "policy/private_address", "policy/handler_missing",
		"plugin/trap", "plugin/deadline", "plugin/missing",
	})
	assertHas(t, commands, []string{
		"callTool", "close", "complete", "connect", "getPrompt", "listPrompts", "listResourceTemplates", "listResources",
		"listTools", "listen", "login", "logout", "ping", "readResource", "setLoggingLevel", "setRoots", "stats", "subscribeResource",
		"unsubscribeResource", "whoami",
	})
	assertHas(t, asks, []string{"assert", "authorize", "elicit", "sample", "sign", "store"})
	assertHas(t, exports, []string{"discover", "run"})
	assertHas(t, tells, []string{"elicitationComplete", "log", "progress", "promptsChanged", "resourceUpdated", "resourcesChanged", "state", "toolsChanged", "trace"})
	for _, pin := range []struct {
		got  wire.Sent
		want string
	}{{wire.SentNo, "no"}, {wire.SentYes, "yes"}, {wire.SentUnknown, "unknown"}} {
		if string(pin.got) != pin.want {
			t.Errorf("sent %q, want %q", pin.got, pin.want)
		}
	}
}

// TestFieldsArePinned freezes the name of every header field; the payloads'
// fields are held by the generated schema.
func TestFieldsArePinned(t *testing.T) {
	want := map[string][]string{
		"Hello":       {"abi", "name", "version", "limits", "features"},
		"Call":        {"command", "session", "timeoutMs", "maxTotalTimeoutMs", "keepTimeoutOnProgress", "progress", "cacheMode"},
		"Cancel":      {"reason"},
		"Reply":       {"error"},
		"HTTPHead":    {"status", "headers"},
		"HTTPError":   {"error"},
		"Done":        {"error"},
		"Ask":         {"kind", "session", "origin", "call", "deadlineMs"},
		"AskCancel":   {"reason"},
		"Tell":        {"event", "session"},
		"HTTPStart":   {"session", "purpose", "method", "url", "headers", "credit"},
		"HTTPMore":    {"credit"},
		"HTTPAbort":   {"reason"},
		"ChanOpen":    {"session", "channel", "maxBytes", "credit"},
		"ChanMessage": {"bytes"},
		"ChanClosed":  {"error"},
		"ChanMore":    {"credit"},
		"Idle":        {"open", "wakeMs"},
		"Fault":       {"error"},
	}
	for _, row := range wire.Kinds {
		if row.Header == nil {
			continue
		}
		typ := reflect.TypeOf(row.Header)
		if want[typ.Name()] == nil {
			t.Errorf("the header %s is not pinned", typ.Name())
		}
		assertHas(t, jsonNames(typ), want[typ.Name()])
	}
	assertHas(t, jsonNames(reflect.TypeFor[wire.Error]()), []string{"code", "message", "data", "status", "rpcCode", "retryable", "sent"})
	assertHas(t, jsonNames(reflect.TypeFor[wire.Limits]()), []string{"maxBodyBytes", "maxEventBytes", "maxDepth", "maxCalls", "maxAsks"})
}

func jsonNames(typ reflect.Type) []string {
	var out []string
	for i := range typ.NumField() {
		name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		out = append(out, name)
	}
	return out
}
