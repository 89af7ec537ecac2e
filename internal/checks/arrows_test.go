package checks

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const (
	goSDK   = "github.com/modelcontextprotocol/go-sdk"
	wazero  = "github.com/tetratelabs/wazero"
	goPDK   = "github.com/extism/go-pdk"
	segment = "github.com/segmentio/encoding/json"
)

// A rule says what one room may import. Rooms of the module are written from its
// root, packages of others by their path, either with all that is below it. What
// is not listed is banned: other rooms and other modules by why, packages of the
// standard library only where bans names them.
type rule struct {
	room  string
	may   []string
	why   string
	bans  []string // standard-library packages, or "syscall/js"
	noStd string   // why those
}

const sansIO = "the core never opens a socket, reads a file, runs a program or knows a platform: it asks its embedder, in frames"

// rules are the arrows between rooms, and no others. The longest room that a
// package's path begins with is its rule.
var rules = []rule{
	{
		room:  "internal/wire",
		why:   "wire is a leaf: the generator, both guests and every Go embedder import it, so it must bring nothing along",
		bans:  []string{"net", "os", "syscall", "syscall/js", "log", "time"},
		noStd: "the vocabulary performs no I/O and reads no clock",
	},
	{
		room:  "internal/port",
		may:   []string{"internal/wire"},
		why:   "port is a leaf: it says what the core needs, and must not know who provides it or who asks",
		bans:  []string{"net", "os", "syscall", "syscall/js", "log"},
		noStd: "a port is an interface; who implements it knows the platform",
	},
	{
		room: "internal/port/porttest",
		may:  []string{"internal/port", "internal/wire"},
		why:  "the contract is run against ports of every platform, so it knows the interfaces only",
	},
	{
		room:  "internal/exchange",
		may:   []string{"internal/challenge", "internal/port", "internal/wire", segment},
		why:   "exchange mends the SDK from outside, at the RoundTripper: it must not depend on the SDK's insides or on the sessions above it (segmentio's JSON is the decoder that the SDK links anyway)",
		bans:  []string{"net", "os", "os/exec", "syscall", "syscall/js", "log"},
		noStd: sansIO,
	},
	{
		room:  "internal/challenge",
		may:   []string{"internal/wire", goSDK + "/oauthex"},
		why:   "challenge is a leaf: those who report an error and those who get a token read the same of it",
		bans:  []string{"net", "os", "os/exec", "syscall", "syscall/js", "log", "time"},
		noStd: "reading a header is a function of what is given",
	},
	{
		room:  "internal/oauth",
		may:   []string{"internal/challenge", "internal/port", "internal/wire"},
		why:   "oauth gets tokens over a port and knows neither JSON-RPC nor sessions, so that every request is covered alike",
		bans:  []string{"net", "os", "os/exec", "syscall", "syscall/js", "log"},
		noStd: sansIO,
	},
	{
		room:  "internal/mask",
		why:   "mask is a leaf: what is a secret is decided in one place, without knowing who asks",
		bans:  []string{"net", "net/http", "os", "syscall", "syscall/js", "log", "time"},
		noStd: "masking is a function of what is given",
	},
	{
		room:  "internal/schema",
		why:   "schema is a leaf: it checks values that it is given, and must not be able to fetch what a server's schema refers to",
		bans:  []string{"net", "net/http", "os", "os/exec", "syscall", "syscall/js", "log"},
		noStd: sansIO,
	},
	{
		room:  "internal/core",
		may:   []string{"internal/exchange", "internal/mask", "internal/oauth", "internal/port", "internal/schema", "internal/wire", goSDK, segment},
		why:   "the core is the same on every platform: it knows the SDK, its ports and the wire, and nothing that hosts it (segmentio's JSON is for what each call encodes and decodes; the SDK links it anyway)",
		bans:  []string{"net", "os", "os/exec", "syscall", "syscall/js", "log"},
		noStd: sansIO,
	},
	{
		room:  "wasm/js",
		may:   []string{"internal/core", "internal/port", "internal/wire"},
		why:   "the guest half only joins the core to linear memory; what JavaScript does is in jsbridge",
		bans:  []string{"net", "net/http", "os", "os/exec"},
		noStd: sansIO,
	},
	{
		room:  "wasm/plugin",
		may:   []string{"internal/core", "internal/port", "internal/wire", goPDK},
		why:   "the guest half only joins the core to Extism's exports; nothing else touches go-pdk",
		bans:  []string{"net", "net/http", "os/exec", "syscall/js"},
		noStd: sansIO,
	},
	{
		room: "host",
		may: []string{"internal/mask", "internal/wire", goSDK + "/mcp", goSDK + "/jsonrpc", goSDK + "/oauthex", wazero, "github.com/coder/websocket",
			"github.com/cli/browser", "github.com/go-jose/go-jose/v4", "github.com/gofrs/flock"},
		why:  "a Go embedder speaks to the core through the plugin, as any other language does; of the SDK it takes the types of its API, and its reading of challenges; keys, locks of files and the browser of the person are the embedder's",
		bans: []string{"syscall/js"},
	},
	{
		room: "cmd/remora",
		may:  []string{"host", "cmd/remora/demoserver", "internal/tooltypes", goSDK + "/mcp", "github.com/spf13/cobra", "github.com/schollz/progressbar/v3", "github.com/zalando/go-keyring", "golang.org/x/term"},
		why:  "the command line is a user of the library like any other, which shows that the library is enough; it may also draw on a terminal, and keep a key in the system's keyring",
	},
	{
		room: "cmd/remora/demoserver",
		may:  []string{goSDK + "/mcp", goSDK + "/jsonrpc", goSDK + "/auth", goSDK + "/oauthex", "github.com/rs/cors"},
		why:  "the demo server is a server on the official SDK and shares nothing with the client that it is there to show",
	},
	{
		room:  "internal/tooltypes",
		why:   "tooltypes is a leaf: source code for the tools of any server is made of the schemas that it is given, and nothing can be fetched or read for it",
		bans:  []string{"net", "net/http", "os", "os/exec", "syscall", "syscall/js", "log", "time"},
		noStd: "writing types is a function of what is given",
	},
	{
		room: "internal/wiregen",
		may:  []string{"internal/wire", "github.com/google/jsonschema-go"},
		why:  "the generator reads the vocabulary and nothing else, so that its output depends on nothing else",
	},
	{
		room: "internal/lean",
		why:  "what makes the guests small is given to the compiler by build.sh: nothing of the module can be made of it, and it knows the standard library only",
	},
	{
		room: "internal/lean/probe",
		may:  []string{"github.com/google/jsonschema-go", goSDK + "/jsonrpc", goSDK + "/mcp"},
		why:  "the probe calls what is cut, and nothing else",
	},
	{
		room: "internal/checks",
		why:  "the checks look at the source from outside",
	},
	{
		room: "examples",
		may:  []string{"host", goSDK + "/mcp"},
		why:  "an example shows what a user of the module can write, so it cannot use what is internal",
	},
}

// testRooms hold tests and what they need, which may import everything.
var testRooms = []string{"test", "jsbridge/test"}

// below reports whether path is parent or under it.
func below(path, parent string) bool {
	return path == parent || strings.HasPrefix(path, parent+"/")
}

// ruleOf returns the rule of a room, or nil.
func ruleOf(room string) *rule {
	var best *rule
	for i := range rules {
		if below(room, rules[i].room) && (best == nil || len(rules[i].room) > len(best.room)) {
			best = &rules[i]
		}
	}
	return best
}

// violations says which imports of a room break its rule.
func violations(room string, imports []string) []string {
	if slices.ContainsFunc(testRooms, func(r string) bool { return below(room, r) }) {
		return nil
	}
	r := ruleOf(room)
	if r == nil {
		return []string{fmt.Sprintf("no rule for %s: add it to the table of arrows, with a reason", room)}
	}
	var out []string
	for _, path := range imports {
		name := strings.TrimPrefix(path, module+"/")
		switch {
		case !strings.Contains(strings.Split(path, "/")[0], "."): // standard library
			if slices.Contains(r.bans, path) {
				out = append(out, fmt.Sprintf("%s imports %s: %s", room, path, r.noStd))
			}
		case name != path && r == ruleOf(name): // its own room
		case slices.ContainsFunc(r.may, func(may string) bool {
			// A room of the module is allowed with what has no rule of its own.
			return below(name, may) && (name == path || ruleOf(name) == ruleOf(may))
		}):
		default:
			out = append(out, fmt.Sprintf("%s imports %s: %s", room, name, r.why))
		}
	}
	return out
}

func TestArrows(t *testing.T) {
	for _, p := range platforms {
		t.Run(p.String(), func(t *testing.T) {
			for _, pkg := range listPackages(t, p) {
				for _, v := range violations(pkg.room(), pkg.Imports) {
					t.Error(v)
				}
			}
		})
	}
}

func TestArrowsCatch(t *testing.T) {
	for _, test := range []struct {
		room, imports string
		caught        bool
	}{
		{"internal/wire", "encoding/json", false},
		{"internal/wire", "net", true},
		{"internal/wire", module + "/internal/port", true},
		{"internal/port", module + "/internal/wire", false},
		{"internal/port", module + "/internal/core", true},
		{"internal/exchange", goSDK + "/mcp", true},
		{"internal/exchange", module + "/internal/core", true},
		{"internal/core", goSDK + "/mcp", false},
		{"internal/core", module + "/internal/port/porttest", true},
		{"internal/core", "net", true},
		{"internal/core", "net/http", false},
		{"internal/core", "os", true},
		{"internal/core", goPDK, true},
		{"internal/core", module + "/host", true},
		{"wasm/js", "syscall/js", false},
		{"wasm/js", goPDK, true},
		{"wasm/js", module + "/internal/exchange", true},
		{"wasm/plugin", goPDK, false},
		{"wasm/plugin", "syscall/js", true},
		{"internal/core", module + "/internal/lean/standin/tls", true},
		{"internal/lean", module + "/internal/lean/segments", false},
		{"host", wazero + "/experimental", false},
		{"host", goPDK, true},
		{"host", module + "/internal/core", true},
		{"host", module + "/internal/exchange", true},
		{"host/guest", module + "/internal/wire", false},
		{"cmd/remora", module + "/host", false},
		{"cmd/remora", module + "/internal/wire", true},
		{"cmd/remora", module + "/cmd/remora/demoserver", false},
		{"cmd/remora", goSDK + "/mcp", false},
		{"cmd/remora", "golang.org/x/term", false},
		{"cmd/remora/demoserver", "golang.org/x/term", true},
		{"cmd/remora/demoserver", module + "/host", true},
		{"internal/wiregen", module + "/internal/core", true},
		{"examples/go/demo", module + "/host", false},
		{"examples/go/demo", module + "/internal/wire", true},
		{"test/interop", module + "/internal/wire", false},
		{"somewhere/new", "fmt", true},
	} {
		got := violations(test.room, []string{test.imports})
		if (len(got) > 0) != test.caught {
			t.Errorf("%s -> %s: got %q, want caught = %v", test.room, test.imports, got, test.caught)
		}
	}
}

func TestEveryRuleHasAReason(t *testing.T) {
	for _, r := range rules {
		if len(r.why) < 20 {
			t.Errorf("%s: no reason for what is banned", r.room)
		}
		if len(r.bans) > 0 && r.noStd == "" && r.room != "host" {
			t.Errorf("%s: no reason for the banned packages of the standard library", r.room)
		}
	}
}
