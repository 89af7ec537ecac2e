// Package types holds what `remora types` writes to the compilers: for servers
// that other people wrote, and for one that would like to write code.
package types

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/test/internal/kit"
	"github.com/remora-mcp/remora/test/internal/peers"
)

// leastTools is how many tools each server has at least.
var leastTools = map[string]int{"demo": 7, "everything": 8, "conformance": 28, "hostile": 10}

// servers starts the servers and returns their URLs by name.
func servers(t *testing.T) map[string]string {
	t.Helper()
	set, err := peers.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(set.Stop)
	hostile := httptest.NewServer(http.HandlerFunc(serveHostile))
	t.Cleanup(hostile.Close)
	return map[string]string{
		"demo":        set.Peers["demo"].URL,
		"everything":  set.Peers["everything"].URL,
		"conformance": set.Peers["conformance-stateless-sse"].URL,
		"hostile":     hostile.URL + "/secret-path?secret=query",
	}
}

// hostileTexts are what somebody wants to become code.
var hostileTexts = []string{
	"*/ export const evil: number = 'x'; /*", "\"]: any; evil", "`${process.exit()}`", "a\nfunc init() { panic(1) }\n//", "\u2028export const evil = 1",
	"//go:embed /etc/passwd", "@ts-expect-error", "a` json:\"b", "\\", "__proto__", "constructor", "/// <reference path=\"/gone.d.ts\" />", "😀", "package",
}

// serveHostile is a server each of whose texts is one of hostileTexts.
func serveHostile(w http.ResponseWriter, r *http.Request) {
	var message struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
	}
	if r.Method != http.MethodPost || json.NewDecoder(r.Body).Decode(&message) != nil {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	result := map[string]any{"resultType": "complete", "supportedVersions": []string{"2026-07-28"}, "capabilities": map[string]any{"tools": map[string]any{}},
		"serverInfo": map[string]any{"name": hostileTexts[0], "version": hostileTexts[3]}, "ttlMs": 0, "cacheScope": "private"}
	if message.Method == "tools/list" {
		var tools []any
		for _, text := range hostileTexts {
			schema := map[string]any{"type": "object", "description": text, "tsType": text, "goJSONSchema": map[string]any{"type": text, "imports": []string{text}},
				"properties": map[string]any{
					text: map[string]any{"type": "string", "description": text}, "one": map[string]any{"enum": []any{text, "x", 1, nil}},
					"loop": map[string]any{"$ref": "#/$defs/loop"}, "self": map[string]any{"$ref": "#"}, "file": map[string]any{"$ref": "file:///etc/passwd"},
					"both": map[string]any{"allOf": []any{map[string]any{"$ref": "#/$defs/" + strings.ReplaceAll(text, "/", "~1")}, map[string]any{"properties": map[string]any{"x": map[string]any{"const": text}}}}},
				},
				"required": []string{text, "self"},
				"$defs":    map[string]any{"loop": map[string]any{"anyOf": []any{map[string]any{"$ref": "#/$defs/loop"}, map[string]any{"type": "string"}}}, text: map[string]any{"description": text, "properties": map[string]any{"next": map[string]any{"$ref": "#/$defs/loop"}}}}}
			tools = append(tools, map[string]any{"name": text, "title": text, "description": text, "inputSchema": schema, "outputSchema": schema})
		}
		result = map[string]any{"resultType": "complete", "tools": tools, "ttlMs": 0, "cacheScope": "private"}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"jsonrpc": "2.0", "id": message.ID, "result": result}) // the client reports what is missing
}

// write writes a file below a folder of the test.
func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// typesOf runs `remora types`, twice: what it writes is the same.
func typesOf(t *testing.T, program, url string, flags ...string) string {
	t.Helper()
	args := append(append([]string{"types"}, flags...), url)
	first, err := kit.Run(t.Context(), program, args, nil)
	if err != nil {
		t.Fatal(err)
	}
	second, err := kit.Run(t.Context(), program, args, nil)
	if err != nil {
		t.Fatal(err)
	}
	if string(first) != string(second) {
		t.Errorf("%s: the second run differs", url)
	}
	if strings.Contains(string(first), "secret") {
		t.Errorf("%s: the URL's path or query is in the output", url)
	}
	return string(first)
}

// folder is an empty folder for generated files that can import remora-mcp.
func folder(t *testing.T, name string) string {
	t.Helper()
	dir, err := kit.Temp("types", name)
	if err != nil {
		t.Fatal(err)
	}
	npm, err := kit.Package()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "package.json", `{"type":"module"}`)
	modules := filepath.Join(dir, "node_modules")
	if err := os.Mkdir(modules, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(npm, filepath.Join(modules, "remora-mcp")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// compile runs the strictest tsc over a folder. The error is that of the program.
func compile(t *testing.T, dir string) (string, error) {
	t.Helper()
	node, err := kit.Node(22)
	if err != nil {
		t.Fatal(err)
	}
	tsc, err := kit.In("jsbridge", "node_modules", "typescript", "bin", "tsc")
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "tsconfig.json", `{"compilerOptions":{"strict":true,"exactOptionalPropertyTypes":true,"noUncheckedIndexedAccess":true,"noUnusedLocals":true,
		"target":"ES2022","module":"NodeNext","lib":["ES2023","ESNext.Disposable","DOM","DOM.Iterable"],"types":[],"skipDefaultLibCheck":true,"noEmit":true,"allowImportingTsExtensions":true}}`)
	out, err := kit.RunIn(t.Context(), dir, node, []string{tsc, "-p", ".", "--extendedDiagnostics", "--pretty", "false"}, nil)
	return string(out), err
}

const right = `import { connect, structured, typed, type TypedClient } from "remora-mcp";
import type { Tools } from "./demo.js";
import type { Tools as Everything } from "./everything.js";
import type { Tools as Conformance } from "./conformance.js";
import type { Tools as Hostile } from "./hostile.js";

type Is<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const yes = <T extends true>(value?: T) => value;

const plain = await connect("http://127.0.0.1:1/mcp");
const client: TypedClient<Tools> = typed<Tools>(plain);
const sum = structured(await client.callTool({ name: "add", arguments: { a: 2, b: 3 } }));
yes<Is<typeof sum, { sum: number }>>();
const message = structured(await client.callTool({ name: "echo", arguments: { message: "x" } }, { timeout: 1 }));
yes<Is<typeof message, unknown>>();
await client.callTool({ name: "slow" });
await client.callTool({ name: "fail", arguments: {}, _meta: { a: 1 } });
await client.callTool({ name: "picture", arguments: { colour: "blue" } });
yes<Is<Awaited<ReturnType<typeof client.callToolRaw>>, string>>();
for await (const tool of client.tools()) void tool.name;
await client.close();
await using everything = typed<Everything>(plain);
await everything.callTool({ name: "echo", arguments: { message: "x" } });
const other = typed<Conformance>(plain);
await other.callTool({ name: "test_simple_text" });
void typed<Hostile>(plain);
// Without types everything is as it was.
const result = await plain.callTool({ name: "anything", arguments: { at: "all" } });
yes<Is<typeof result.structuredContent, unknown>>();
const value = structured<{ celsius: number }>(result);
yes<Is<typeof value, { celsius: number }>>();
const untyped = structured(result);
yes<Is<typeof untyped, unknown>>();
`

// wrong has one mistake in each line after the third, and the compiler's number for it.
const wrong = `import { connect, structured, typed } from "remora-mcp";
import type { Tools } from "./demo.js";
const client = typed<Tools>(await connect("http://127.0.0.1:1/mcp"));
await client.callTool({ name: "add", arguments: { a: "2", b: 3 } }); // 2322
await client.callTool({ name: "add", arguments: { a: 2 } }); // 2741
await client.callTool({ name: "add", arguments: { a: 2, b: 3, c: 4 } }); // 2353
await client.callTool({ name: "add" }); // 2345
await client.callTool({ name: "sub", arguments: {} }); // 2322
await client.callTool({ name: "picture", arguments: { colour: "red" } }); // 2322
await client.callTool({ name: "fail", arguments: { a: 1 } }); // 2322
structured(await client.callTool({ name: "add", arguments: { a: 2, b: 3 } })).total; // 2339
typed<{ add: { input: string } }>(await connect("http://127.0.0.1:1/mcp")); // 2344
`

var (
	diagnostic = regexp.MustCompile(`(?m)^(\S+)\((\d+),\d+\): error TS(\d+):`)
	checkTime  = regexp.MustCompile(`(?m)^Check time:\s+([0-9.]+)s`)
)

// mostCheckSeconds is how long tsc may take to check the programs, the generated
// types and the package's, without those of the language and the browser.
const mostCheckSeconds = 5

func TestGenerated(t *testing.T) {
	program, err := kit.Build(t.Context(), "remora", "./cmd/remora")
	if err != nil {
		t.Fatal(err)
	}
	urls := servers(t)
	t.Run("TypeScript", func(t *testing.T) {
		dir := folder(t, "ts")
		for name, url := range urls {
			source := typesOf(t, program, url)
			if n := strings.Count(source, "\n    input: "); n < leastTools[name] {
				t.Errorf("%s: %d tools, want at least %d", name, n, leastTools[name])
			}
			write(t, dir, name+".ts", source)
		}
		write(t, dir, "right.ts", right)
		out, err := compile(t, dir)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		took := checkTime.FindStringSubmatch(out)
		if took == nil {
			t.Fatalf("no check time in %s", out)
		}
		if seconds, err := strconv.ParseFloat(took[1], 64); err != nil || seconds > mostCheckSeconds {
			t.Errorf("checking takes %s s, want at most %d", took[1], mostCheckSeconds)
		}

		write(t, dir, "wrong.ts", wrong)
		out, err = compile(t, dir)
		if err == nil {
			t.Fatal("what is wrong compiles")
		}
		var got, want []string
		for _, m := range diagnostic.FindAllStringSubmatch(out, -1) {
			got = append(got, m[1]+":"+m[2]+" "+m[3])
		}
		for i, line := range strings.Split(wrong, "\n") {
			if _, code, found := strings.Cut(line, "; // "); found {
				want = append(want, fmt.Sprintf("wrong.ts:%d %s", i+1, code))
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("errors\n%s\nwant\n%s\n%s", got, want, out)
		}
	})
	t.Run("Go", func(t *testing.T) {
		dir, err := kit.Temp("types", "go")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		vet := []string{"vet"}
		for name, url := range urls {
			source := typesOf(t, program, url, "--lang", "go", "--package", name)
			if n := strings.Count(source, " = host.Tool["); n < leastTools[name] {
				t.Errorf("%s: %d tools, want at least %d", name, n, leastTools[name])
			}
			write(t, dir, filepath.Join(name, name+".go"), source)
			vet = append(vet, "./"+name)
		}
		if out, err := kit.RunIn(t.Context(), dir, "go", vet, nil); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

// TestGuide runs the programs of docs/guide/typed-tools.md with what the commands
// there write: both print what the guide says.
func TestGuide(t *testing.T) {
	const document, address = "docs/guide/typed-tools.md", "http://127.0.0.1:8931/mcp"
	program, err := kit.Build(t.Context(), "remora", "./cmd/remora")
	if err != nil {
		t.Fatal(err)
	}
	url := servers(t)["demo"]
	snippet := func(language, holding string) string {
		text, err := kit.Snippet(document, language, holding)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	prints := snippet("output", "")

	dir := folder(t, "guide")
	tools := typesOf(t, program, url)
	write(t, dir, "tools.ts", tools)
	if shown := snippet("ts", "export interface Tools"); !strings.Contains(tools, strings.TrimPrefix(strings.TrimSuffix(shown, "  // ...\n}\n"), "export interface Tools {\n")) {
		t.Errorf("the guide shows\n%s\nwhich is not in\n%s", shown, tools)
	}
	source := write(t, dir, "main.ts", strings.ReplaceAll(snippet("ts", "typed<Tools>"), address, url))
	if out, err := compile(t, dir); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	node, err := kit.Node(24)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := kit.RunIn(t.Context(), dir, node, []string{source}, nil); err != nil || string(out) != prints {
		t.Errorf("TypeScript prints\n%s\nwant\n%s\n%v", out, prints, err)
	}

	write(t, dir, "tools/tools.go", typesOf(t, program, url, "--lang", "go"))
	code := strings.ReplaceAll(snippet("go", "tools.Add.Call"), address, url)
	write(t, dir, "main.go", strings.Replace(code, `"example.com/program/tools"`, `"github.com/remora-mcp/remora/dist/test/types/guide/tools"`, 1))
	if out, err := kit.RunIn(t.Context(), dir, "go", []string{"run", "."}, nil); err != nil || string(out) != prints {
		t.Errorf("Go prints\n%s\nwant\n%s\n%v", out, prints, err)
	}
}
