package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const allTypes = `{"type":"object","properties":{
	"s":{"type":"string"},"n":{"type":"number"},"i":{"type":"integer"},"b":{"type":"boolean"},"z":{"type":"null"},
	"o":{"type":"object"},"a":{"type":"array","items":{"type":"string"}},"ai":{"type":"array","items":{"$ref":"#/$defs/count"}},
	"u":{"type":["integer","string"]},"x":{"anyOf":[{"type":"number"},{"type":"null"}]},"e":{"enum":["1","2"]},"any":{}},
	"$defs":{"count":{"type":"integer"}},"additionalProperties":false}`

func TestTypedArguments(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	lines := file("lines.txt", "one\ntwo\n")
	object := file("object.json", "{\"k\": [1]}\n")
	tests := []struct {
		name string
		args string // words, with blanks between
		want string // JSON, or a part of the error
	}{
		{"string", "s=12", `{"s":"12"}`},
		{"empty string", "s=", `{"s":""}`},
		{"string with =", "s=a=b", `{"s":"a=b"}`},
		{"string that looks like markup", "s=<a&b>", `{"s":"<a&b>"}`},
		{"number keeps its digits", "n=12345678901234567890.10", `{"n":12345678901234567890.10}`},
		{"integer", "i=-7", `{"i":-7}`},
		{"boolean and null", "b=true z=null", `{"b":true,"z":null}`},
		{"object", `o={"k":1}`, `{"o":{"k":1}}`},
		{"array as a whole", `a=["x","y"]`, `{"a":["x","y"]}`},
		{"array by item", `a=x s=1 a=12`, `{"a":["x","12"],"s":"1"}`},
		{"array of a referenced type", `ai=3`, `{"ai":[3]}`},
		{"union prefers the number", "u=12", `{"u":12}`},
		{"union falls back to the string", "u=1.5", `{"u":"1.5"}`},
		{"alternatives", "x=null", `{"x":null}`},
		{"enum", "e=1", `{"e":"1"}`},
		{"any, JSON", "any=[1]", `{"any":[1]}`},
		{"any, text", "any=hello", `{"any":"hello"}`},
		{"file as text", "s=@" + lines, `{"s":"one\ntwo\n"}`},
		{"file as JSON", "o=@" + object, `{"o":{"k": [1]}}`},
		{"a literal @", "s=@@home", `{"s":"@home"}`},

		{"not a number", "n=ten", `n: "ten" is not a number`},
		{"not an integer", "i=1.5", `i: "1.5" is not an integer`},
		{"no NaN", "n=NaN", `n: "NaN" is not a number`},
		{"not a boolean", "b=yes", `b: "yes" is not a boolean`},
		{"not an object", "o=[1]", `o: "[1]" is not an object`},
		{"not an item", "ai=x", `ai: an item: "x" is not an integer`},
		{"neither", "x=a", `x: "a" is not null or a number`},
		{"a file's content is not quoted", "n=@" + lines, `n: what is in ` + lines + ` is not a number`},
		{"no file", "s=@" + filepath.Join(dir, "gone"), "no such file"},
		{"unknown key", "q=1", `tool has no argument "q"; it takes a (array)`},
		{"twice", "s=1 s=2", "s is given more than once"},
		{"by item and as a whole", "a=1 a=[]", "a is given both by item and as a whole"},
		{"as a whole and by item", "a=[] a=1", "a is given more than once"},
		{"no =", "s=1 hello", `"hello" is not written key=value`},
		{"no key", "=1", `"=1" is not written key=value`},
	}
	input := parseSchema([]byte(allTypes))
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := typedArguments("tool", input, strings.Fields(test.args))
			if strings.HasPrefix(test.want, "{") {
				if err != nil || string(got) != test.want {
					t.Errorf("got %s, %v, want %s", got, err, test.want)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %s, %v, want the error %q", got, err, test.want)
			} else if exitStatus(err) != exitUsage {
				t.Errorf("status %d, want %d", exitStatus(err), exitUsage)
			}
		})
	}
}

func TestTypedArgumentsWithoutASchema(t *testing.T) {
	got, err := typedArguments("tool", parseSchema([]byte(`true`)), []string{"a=1", "b=x"})
	if want := `{"a":1,"b":"x"}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestRequiredArguments(t *testing.T) {
	input := parseSchema([]byte(`{"properties":{"a":{"type":"number"},"b":{"type":"number"}},"required":["b","a"]}`))
	_, err := typedArguments("add", input, []string{"a=1"})
	if want := `add needs the argument "b"; it takes b (number), a (number)`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestRawArguments(t *testing.T) {
	tests := []struct {
		name  string
		args  []string
		stdin string
		want  string // JSON, or a part of the error
	}{
		{"none", nil, "", `{}`},
		{"one", []string{` {"a": 12345678901234567890} `}, "", `{"a": 12345678901234567890}`},
		{"stdin", []string{"-"}, "{\"a\":1}\n", `{"a":1}`},
		{"stdin is empty", []string{"-"}, "", "standard input is not JSON"},
		{"stdin is no object", []string{"-"}, "[1]", "standard input is not a JSON object but an array"},
		{"cut off", []string{`{"a":`}, "", "at byte 5"},
		{"too many", []string{`{}`, "a=1"}, "", "these are 2 words"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := rawArguments(test.args, strings.NewReader(test.stdin))
			if strings.HasPrefix(test.want, "{") {
				if err != nil || string(got) != test.want {
					t.Errorf("got %s, %v, want %s", got, err, test.want)
				}
			} else if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %s, %v, want the error %q", got, err, test.want)
			}
		})
	}
}
