package tooltypes

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// typesOf returns the type of one schema in both languages: in TypeScript the
// input's text, in Go what is declared for it.
func typesOf(t *testing.T, schema string) (ts, golang string) {
	t.Helper()
	tools := []Tool{{Name: "t", Output: json.RawMessage(schema)}}
	return between(t, must(TypeScript(Server{}, tools))(t), "output: ", ";\n  };"), strings.TrimSpace(between(t, must(Go("p", Server{}, tools))(t), "map[string]any\n", "// T is the tool"))
}

func must(out []byte, err error) func(*testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
}

func between(t *testing.T, text, from, to string) string {
	t.Helper()
	_, text, found := strings.Cut(text, from)
	text, _, ended := strings.Cut(text, to)
	if !found || !ended {
		t.Fatalf("no %q ... %q in %s", from, to, text)
	}
	return text
}

func TestTypes(t *testing.T) {
	const output = "// TOutput is the structured content of a result of the tool \"t\".\ntype TOutput "
	for _, test := range []struct{ schema, ts, golang string }{
		{`true`, `unknown`, ``},
		{`{}`, `unknown`, ``},
		{`17`, `unknown`, ``},
		{``, `unknown`, ``},
		{`false`, `never`, output + `any`},
		{`{"type":"string","format":"date"}`, `string`, output + `string`},
		{`{"type":"integer"}`, `number`, output + `int64`},
		{`{"type":["string","null"]}`, `string | null`, output + `*string`},
		{`{"type":["integer","number"]}`, `number`, output + `float64`},
		{`{"type":["string","integer"]}`, `string | number`, output + `any`},
		{`{"enum":["a","b\"",null]}`, `"a" | "b\"" | null`, output + `any`},
		{`{"enum":["a","b"]}`, `"a" | "b"`, output + `string`},
		{`{"const":12345678901234567890}`, `12345678901234567890`, output + `float64`},
		{`{"const":{"a":1}}`, `unknown`, ``},
		{`{"type":"array","items":{"type":["string","null"]}}`, `(string | null)[]`, output + `[]*string`},
		{`{"type":"array","prefixItems":[{"type":"string"}],"items":false}`, `string[]`, output + `[]string`},
		{`{"items":[{"type":"string"}]}`, `unknown[]`, output + `[]any`},
		{`{"type":"object"}`, "{\n      [key: string]: unknown;\n    }", output + `map[string]any`},
		{`{"type":"object","additionalProperties":false}`, "{\n      [key: string]: never;\n    }", output + `map[string]any`},
		{`{"type":"object","additionalProperties":{"type":"number"}}`, "{\n      [key: string]: number;\n    }", output + `map[string]float64`},
		{
			`{"properties":{"b-c":{"type":"number"},"a":{"type":"array"}},"required":["a"],"additionalProperties":true}`,
			"{\n      a: unknown[];\n      \"b-c\"?: number;\n      [key: string]: unknown;\n    }",
			output + "struct {\n\tA  []any    `json:\"a\"`\n\tBC *float64 `json:\"b-c,omitempty\"`\n}",
		},
		{
			`{"type":"object","properties":{"a":{"type":"object","properties":{"b":{"type":"boolean"}}}}}`,
			"{\n      a?: {\n        b?: boolean;\n      };\n    }",
			"type TOutputA struct {\n\tB *bool `json:\"b,omitempty\"`\n}\n\n" + output + "struct {\n\tA *TOutputA `json:\"a,omitempty\"`\n}",
		},
		{`{"type":"object","anyOf":[{"required":["a"]},{"required":["b"]}]}`, "{\n      [key: string]: unknown;\n    }", output + `map[string]any`},
		{`{"allOf":[{"properties":{"a":true}},{"type":"string"}]}`, "{\n      a?: unknown;\n    } & string", output + `map[string]any`},
		{`{"$ref":"https://example.com/schema.json"}`, `unknown`, ``},
		{`{"$ref":"/etc/passwd"}`, `unknown`, ``},
		{`{"$ref":"#/$defs/gone/further"}`, `unknown`, ``},
		// Names that Go's JSON cannot be told of.
		{`{"properties":{"a,b":true}}`, "{\n      \"a,b\"?: unknown;\n    }", output + `map[string]any`},
		{`{"properties":{"-":true},"required":["-"]}`, "{\n      \"-\": unknown;\n    }", output + "struct {\n\tField any `json:\"-,\"`\n}"},
		{`{"properties":{"日":true,"1":true}}`, "{\n      \"1\"?: unknown;\n      \"日\"?: unknown;\n    }", output + "struct {\n\tField1 any `json:\"1,omitempty\"`\n\tField  any `json:\"日,omitempty\"`\n}"},
	} {
		ts, golang := typesOf(t, test.schema)
		if ts != test.ts || golang != test.golang {
			t.Errorf("%s:\n%s\n%s\nwant\n%s\n%s", test.schema, ts, golang, test.ts, test.golang)
		}
	}
}

// TestReferences: types that hold themselves, and those that are nothing else.
func TestReferences(t *testing.T) {
	tools := []Tool{{Name: "walk", Input: json.RawMessage(`{"type":"object","properties":{
		"tree":{"$ref":"#/$defs/node"},"self":{"$ref":"#/$defs/loop"},"other":{"$ref":"#/$defs/a"},"all":{"$ref":"#"}},"required":["tree"],
		"$defs":{"node":{"type":"object","description":"A node.","properties":{"next":{"$ref":"#/$defs/node"},"n":{"type":"integer"}},"required":["next"]},
			"loop":{"$ref":"#/$defs/loop"},
			"a":{"anyOf":[{"type":"array","items":{"$ref":"#/$defs/b"}},{"$ref":"#/$defs/c"}]},
			"b":{"anyOf":[{"$ref":"#/$defs/a"},{"type":"null"}]},
			"c":{"anyOf":[{"$ref":"#/$defs/b"},{"type":"string"}]}}}`)}}
	ts, golang := must(TypeScript(Server{}, tools))(t), must(Go("p", Server{}, tools))(t)
	for _, want := range []string{"    tree: WalkInputNode;\n", "/**\n * A node.\n */\nexport type WalkInputNode = {\n  n?: number;\n  next: WalkInputNode;\n};\n", "export type WalkInputLoop = unknown;\n"} {
		if !strings.Contains(strings.ReplaceAll(ts, "      tree", "    tree"), want) {
			t.Errorf("no %q in %s", want, ts)
		}
	}
	for _, want := range []string{"Next *WalkInputNode `json:\"next\"`", "// A node.\ntype WalkInputNode struct {", "type WalkInputLoop any"} {
		if !strings.Contains(golang, want) {
			t.Errorf("no %q in %s", want, golang)
		}
	}
}

func TestOrderAndNames(t *testing.T) {
	schema := json.RawMessage(`{"type":"object","properties":{"a b":{"type":"string"},"aB":{"type":"string"},"a-b":{"type":"string"}}}`)
	tools := []Tool{{Name: "get weather", Input: schema}, {Name: "get-weather", Input: schema}, {Name: "add_input"}, {Name: "add"}, {Name: "add", Description: "a second one"}, {Name: ""}}
	ts, golang := must(TypeScript(Server{}, tools))(t), must(Go("p", Server{}, tools))(t)
	slices.Reverse(tools[:4])
	if must(TypeScript(Server{}, tools))(t) != ts || must(Go("p", Server{}, tools))(t) != golang {
		t.Error("the order of the tools matters")
	}
	for _, want := range []string{"var GetWeather = ", "var GetWeather2 = ", "AB2 ", "AB3 ", "var AddInput = ", "var Add = host.Tool[AddInput2, any]", "var Tool = "} {
		if !strings.Contains(golang, want) {
			t.Errorf("no %q in %s", want, golang)
		}
	}
	if strings.Contains(ts, "a second one") {
		t.Error("the second tool of a name counts")
	}
}

func TestBounds(t *testing.T) {
	deep := strings.Repeat(`{"type":"array","items":`, 900) + `{}` + strings.Repeat(`}`, 900)
	if ts, _ := typesOf(t, deep); strings.Count(ts, "[]") > maxDepth+1 {
		t.Errorf("%d levels", strings.Count(ts, "[]"))
	}
	var wide strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&wide, `,"p%d":{"$ref":"#%s/x"}`, i, strings.Repeat("/%78", i%5))
	}
	ts, _ := typesOf(t, `{"type":"object","x":{"x":{"x":{}}},"properties":{"p":{}`+wide.String()+`}}`)
	if len(ts) > 1<<20 {
		t.Errorf("%d bytes", len(ts))
	}
	huge := []Tool{}
	for i := range 50 {
		var enum strings.Builder
		for j := range maxEnum {
			fmt.Fprintf(&enum, `,"%d%s"`, j, strings.Repeat("x", 2000))
		}
		huge = append(huge, Tool{Name: fmt.Sprint(i), Input: json.RawMessage(`{"properties":{"a":{"enum":[` + enum.String()[1:] + `]}}}`)})
	}
	if _, err := TypeScript(Server{}, huge); err != errTooLarge {
		t.Errorf("got %v, want %v", err, errTooLarge)
	}
	for _, name := range []string{"", "a b", "main", "type", "_", "a;b"} {
		if _, err := Go(name, Server{}, nil); err == nil {
			t.Errorf("package %q: no error", name)
		}
	}
}

// hostile is a tool whose every text is what somebody wants to become code.
func hostile(text string) []Tool {
	quoted, _ := json.Marshal(text)
	schema := fmt.Sprintf(`{"type":"object","description":%[1]s,"tsType":%[1]s,"goJSONSchema":{"type":%[1]s,"imports":[%[1]s]},"properties":{
		"k":{"enum":[%[1]s,"x"]},"l":{"const":%[1]s,"description":%[1]s},%[1]s:{"type":"string","description":%[1]s},
		"r":{"$ref":"#/$defs/d"},"s":{"$ref":%[1]s},"n":{"type":%[1]s}},"$defs":{"d":{"description":%[1]s,"type":"object","properties":{"x":true}}}}`, quoted)
	return []Tool{{Name: text, Title: text, Description: text, Input: json.RawMessage(schema), Output: json.RawMessage(schema)}}
}

var (
	tsComment = regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*`)
	tsString  = regexp.MustCompile(`"(?:[^"\\\n\r\x{2028}\x{2029}]|\\.)*"`)
	tsToken   = regexp.MustCompile(`^(?:[\s{}\[\]();:|&=?,-]|[0-9A-Za-z_$]+)*$`)
	tsKey     = regexp.MustCompile(`[A-Za-z0-9_$]+\??:`)
	tsWord    = regexp.MustCompile(`[A-Za-z_$][A-Za-z0-9_$]*`)
)

// checkTypeScript says what is in a file besides types, or nothing.
func checkTypeScript(source string) string {
	// Strings have no comment in them that begins before a string ends, so one
	// scan finds whichever begins first.
	rest, code := source, ""
	for rest != "" {
		switch loc := regexp.MustCompile(`/\*|//|"`).FindStringIndex(rest); {
		case loc == nil:
			code, rest = code+rest, ""
		default:
			code += rest[:loc[0]]
			rest = rest[loc[0]:]
			pattern := tsComment
			if rest[0] == '"' {
				pattern = tsString
				code += `S`
			}
			found := pattern.FindStringIndex(rest)
			if found == nil || found[0] != 0 {
				return "a comment or a string does not end: " + rest[:min(len(rest), 80)]
			}
			rest = rest[found[1]:]
		}
	}
	if !tsToken.MatchString(code) {
		return "something that no type has: " + code
	}
	words := tsWord.FindAllString(tsKey.ReplaceAllString(code, ""), -1)
	others := 0 // exports that are no types; Tools is one
	for i, word := range words {
		switch word {
		case "export":
			if i+1 == len(words) || words[i+1] != "type" {
				others++
			}
		case "declare", "const", "let", "var", "function", "class", "import", "namespace", "typeof", "enum", "any":
			return word
		}
	}
	if others != 1 || strings.Contains(code, "= ;") {
		return "other exports: " + code
	}
	return ""
}

// checkGo says what is in a file besides types and tools, or nothing.
func checkGo(source string) string {
	file, err := parser.ParseFile(token.NewFileSet(), "x.go", source, parser.ParseComments)
	if err != nil {
		return err.Error()
	}
	for _, decl := range file.Decls {
		d, is := decl.(*ast.GenDecl)
		if !is {
			return "a function"
		}
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.ImportSpec:
				if spec.Path.Value != `"`+hostPackage+`"` {
					return "imports " + spec.Path.Value
				}
			case *ast.ValueSpec:
				literal, is := spec.Values[0].(*ast.CompositeLit)
				if !is || len(literal.Elts) != 1 {
					return "a value that is no tool"
				}
			case *ast.TypeSpec:
				bad := ""
				ast.Inspect(spec.Type, func(n ast.Node) bool {
					switch n := n.(type) {
					case *ast.FuncType, *ast.SelectorExpr, *ast.ChanType:
						bad = fmt.Sprintf("%T", n)
					}
					return true
				})
				if bad != "" {
					return bad
				}
			}
		}
	}
	for _, group := range file.Comments {
		for _, comment := range group.List {
			if !strings.HasPrefix(comment.Text, "// ") && comment.Text != "//" && !strings.HasPrefix(comment.Text, "//\t") {
				return "a comment that is a directive: " + comment.Text
			}
		}
	}
	return ""
}

var hostileTexts = []string{
	"*/ export const evil = 1; /*", "*\u200b/ x", "**//", "\"]: any; evil", "`${process.exit()}`", "a\nfunc init() {}\n//", "a\r*/",
	"\u2028export const evil = 1", "//go:embed /etc/passwd", "go:build ignore", "// +build ignore", "@ts-nocheck", "@ts-ignore", "/// <reference path=\"/etc/passwd\" />",
	"a` json:\"b", "\\", "\\\"", "\\u0022", "\"", "'", "-", "", " ", "__proto__", "constructor", "k", "r", "Tools", "Add", "type", "\x00", "\ufeff", "\u202eevil",
	"😀", "日本語", "any", "#/$defs/d", "#", "string", "import \"C\"", "<script>", "${x}", "%s%d%!", "a,omitempty", "Aexport", strings.Repeat("long ", 5000),
}

func checkHostile(t *testing.T, text string) {
	t.Helper()
	server := Server{Name: text, Version: text, Origin: "https://example.com"}
	tools := hostile(text)
	ts, golang := must(TypeScript(server, tools))(t), must(Go("p", server, tools))(t)
	if bad := checkTypeScript(ts); bad != "" {
		t.Errorf("TypeScript for %q: %s\n%s", text, bad, ts)
	}
	if bad := checkGo(golang); bad != "" {
		t.Errorf("Go for %q: %s\n%s", text, bad, golang)
	}
	if again := must(TypeScript(server, tools))(t); again != ts {
		t.Error("TypeScript differs the second time")
	}
}

func TestHostile(t *testing.T) {
	for _, text := range hostileTexts {
		checkHostile(t, text)
	}
}

// TestChecksCatch: what the checks of this file are there to find, they find.
func TestChecksCatch(t *testing.T) {
	for _, source := range []string{"/** a */ export const evil = 1; /* */", "export interface Tools { \"a\": any }", "export interface Tools { a: `${string}` }", "/* ", "\"a\n\""} {
		if checkTypeScript(source) == "" {
			t.Errorf("%q passes", source)
		}
	}
	for _, source := range []string{"package p\nfunc init() {}", "package p\nimport \"os\"", "package p\nvar x = 1", "package p\n//go:embed x\ntype X any", "package p\ntype X func()", "package"} {
		if checkGo(source) == "" {
			t.Errorf("%q passes", source)
		}
	}
}

// FuzzHostile: whatever the texts of a server are, only types come of them.
func FuzzHostile(f *testing.F) {
	for _, text := range hostileTexts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 10_000 {
			return
		}
		checkHostile(t, text)
	})
}

// FuzzSchema: whatever a schema is, both languages have a type for it.
func FuzzSchema(f *testing.F) {
	for _, schema := range []string{`{"$ref":"#"}`, `{"properties":{"a":{"$ref":"#"}},"required":["a"]}`, `{"anyOf":[{"$ref":"#"},{"items":{"$ref":"#/anyOf/0"}}]}`, `{"enum":[1,"a",null,{}]}`, `{"type":["object","null"],"properties":{"A":1,"a":{}},"patternProperties":{}}`} {
		f.Add([]byte(schema))
	}
	f.Fuzz(func(t *testing.T, schema []byte) {
		if len(schema) > 10_000 {
			return
		}
		tools := []Tool{{Name: "t", Input: schema, Output: schema}}
		if bad := checkTypeScript(must(TypeScript(Server{}, tools))(t)); bad != "" {
			t.Error(bad)
		}
		if bad := checkGo(must(Go("p", Server{}, tools))(t)); bad != "" {
			t.Error(bad)
		}
	})
}
