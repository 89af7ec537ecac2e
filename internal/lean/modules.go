package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
)

// The go command takes no overlay for files of its module cache. So a module with
// cuts is copied, cut there, and put in its place by a go.mod of its own, which
// -modfile takes.

// A moduleCut is a cut in a module that the guests are built with. Its file is
// below the module's folder.
type moduleCut struct {
	module string
	cut
}

const (
	gosdk      = "github.com/modelcontextprotocol/go-sdk"
	jsonschema = "github.com/google/jsonschema-go"
	whyServer  = "the go-sdk's client and server share a table of methods, which keeps the server's although a guest is a client and makes no server"
	whyOwn     = "for speed: upstream decodes the whole of the parameters that it has just encoded, for one string in them"
	whySchema  = "the go-sdk checks with it what a server's schema says; the core never hands it one (internal/exchange), and checks with internal/schema"
)

// serverCut takes away what a method of the go-sdk's server does.
func serverCut(method string) moduleCut {
	return moduleCut{gosdk, cut{
		file: "mcp/server.go", fn: "(*Server)." + method,
		body: `return nil, errors.New("mcp: Server is not in this build")`,
		why:  whyServer,
	}}
}

// moduleCuts are all of them, by module.
var moduleCuts = []moduleCut{
	{jsonschema, cut{
		file: "jsonschema/resolve.go", fn: "(*Schema).Resolve", uses: "errors",
		body: `return nil, errors.New("jsonschema: Resolve is not in this build")`,
		why:  whySchema,
	}},
	{jsonschema, cut{
		file: "jsonschema/validate.go", fn: "(*Resolved).Validate", uses: "errors",
		body: `return errors.New("jsonschema: Validate is not in this build")`,
		why:  whySchema,
	}},
	{jsonschema, cut{
		file: "jsonschema/validate.go", fn: "(*Resolved).ApplyDefaults", uses: "errors",
		body: `return errors.New("jsonschema: ApplyDefaults is not in this build")`,
		why:  whySchema,
	}},
	{jsonschema, cut{
		file: "jsonschema/schema.go", fn: "init",
		why: whySchema + ", so that the table of a schema's fields, which takes a while to make, has no use",
	}},
	{jsonschema, cut{
		file: "jsonschema/schema.go", fn: "(*Schema).CloneSchemas",
		body: `panic("jsonschema: CloneSchemas is not in this build")`,
		why:  whySchema + "; it needs the table",
	}},
	{jsonschema, cut{
		file: "jsonschema/schema.go", fn: "(*Schema).everyChild",
		body: `panic("jsonschema: everyChild is not in this build")`,
		why:  whySchema + "; it needs the table",
	}},
	serverCut("listTools"),
	serverCut("callTool"),
	serverCut("listResources"),
	serverCut("listResourceTemplates"),
	serverCut("readResource"),
	serverCut("subscribe"),
	serverCut("unsubscribe"),
	serverCut("listPrompts"),
	serverCut("getPrompt"),
	serverCut("complete"),
	serverCut("discover"),
	serverCut("subscriptionsListen"),
	{gosdk, cut{
		file: "mcp/server.go", fn: "(*ServerSession).initialize",
		body: `return nil, errors.New("mcp: Server is not in this build")`,
		why:  whyServer,
	}},
	{gosdk, cut{
		file: "internal/json/json.go", fn: "Unmarshal",
		body: `if err := checkMaxDepth(data, defaultMaxDepth); err != nil { return err }; _, err := json.Parse(data, v, json.DontMatchCaseInsensitiveStructFields); return err`,
		why:  "upstream reads the bytes that it has through a decoder of streams, which takes 32 KB for each and goes over them once more",
	}},
	{gosdk, cut{
		file: "mcp/streamable_headers.go", fn: "extractName",
		body: `switch method { case "tools/call", "prompts/get": var p struct{ Name string "json:\"name\"" }; if err := internaljson.Unmarshal(params, &p); err == nil { return p.Name, true }; case "resources/read": var p struct{ URI string "json:\"uri\"" }; if err := internaljson.Unmarshal(params, &p); err == nil { return p.URI, true } }; return "", false`,
		why:  whyOwn,
	}},
	{gosdk, cut{
		file: "mcp/streamable.go", fn: "protocolVersionFromMessage",
		body: `req, ok := msg.(*jsonrpc.Request); if !ok || req == nil || len(req.Params) == 0 { return "" }; var p struct{ Meta struct{ Version string "json:\"io.modelcontextprotocol/protocolVersion\"" } "json:\"_meta\"" }; if err := internaljson.Unmarshal(req.Params, &p); err != nil { return "" }; return p.Meta.Version`,
		why:  whyOwn,
	}},
}

// writeModules writes dir/go.mod, which -modfile takes, and the modules with cuts
// that it names below dir/modules. root is the folder of this module; where dir
// is in it, the names are relative to root, so that a build is the same anywhere.
func writeModules(root, dir string) error {
	byModule := map[string]map[string][]cut{}
	for _, c := range moduleCuts {
		if byModule[c.module] == nil {
			byModule[c.module] = map[string][]cut{}
		}
		byModule[c.module][c.file] = append(byModule[c.module][c.file], c.cut)
	}
	goMod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return err
	}
	for _, module := range sortedModules(byModule) {
		to := filepath.Join(dir, "modules", filepath.FromSlash(module))
		if err := copyModule(root, module, to, byModule[module]); err != nil {
			return err
		}
		place := to
		if below, err := filepath.Rel(root, to); err == nil && filepath.IsLocal(below) {
			place = "./" + filepath.ToSlash(below)
		}
		goMod = fmt.Appendf(goMod, "\nreplace %s => %s\n", module, place)
	}
	goSum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "go.sum"), goSum, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "go.mod"), goMod, 0o644)
}

func sortedModules(byModule map[string]map[string][]cut) []string {
	var modules []string
	for module := range byModule {
		modules = append(modules, module)
	}
	sort.Strings(modules)
	return modules
}

// copyModule copies a module's sources, without its tests, and makes its cuts.
func copyModule(root, module, to string, cuts map[string][]cut) error {
	list := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module)
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		return fmt.Errorf("go list -m %s: %w", module, err)
	}
	from := strings.TrimSpace(string(out))
	made := 0
	err = filepath.WalkDir(from, func(name string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		switch {
		case entry.IsDir() && entry.Name() == "testdata":
			return filepath.SkipDir
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(to, below), 0o755)
		case strings.HasSuffix(below, "_test.go"):
			return nil
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if file := filepath.ToSlash(below); cuts[file] != nil {
			if source, err = apply(file, source, cuts[file]); err != nil {
				return err
			}
			made++
		}
		return os.WriteFile(filepath.Join(to, below), source, 0o644)
	})
	if err == nil && made != len(cuts) {
		err = fmt.Errorf("%s: a cut matches no file", module)
	}
	return err
}
