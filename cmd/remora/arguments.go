package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
)

// maxInputBytes bounds a file or standard input that is read for arguments.
const maxInputBytes = 64 << 20

// needsSchema reports whether args are written key=value.
func needsSchema(args []string) bool {
	return len(args) > 0 && args[0] != "-" && !strings.HasPrefix(strings.TrimSpace(args[0]), "{")
}

// rawArguments reads the tool's arguments where they are one JSON object: given
// itself, or as "-", which reads in.
func rawArguments(args []string, in io.Reader) (json.RawMessage, error) {
	if len(args) == 0 {
		return json.RawMessage("{}"), nil
	}
	if len(args) > 1 {
		return nil, usage("arguments are one JSON object, or all written key=value; these are %d words", len(args))
	}
	text, what := []byte(args[0]), "the argument"
	if args[0] == "-" {
		var err error
		if text, err = readBounded(in); err != nil {
			return nil, usage("standard input: %v", err)
		}
		what = "standard input"
	}
	text = bytes.TrimSpace(text)
	if !json.Valid(text) {
		return nil, usage("%s is not JSON: %v", what, jsonError(text))
	}
	if text[0] != '{' {
		return nil, usage("%s is not a JSON object but %s", what, article(typeOf(text)))
	}
	return text, nil
}

// jsonError says where text stops being JSON.
func jsonError(text []byte) error {
	var v json.RawMessage
	err := json.Unmarshal(text, &v)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("%v at byte %d", err, syntax.Offset)
	}
	return err
}

func readBounded(in io.Reader) ([]byte, error) { return readUpTo(in, maxInputBytes) }

// readUpTo reads all of in, which may be at most so many bytes.
func readUpTo(in io.Reader, most int) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(in, int64(most)+1))
	if err == nil && len(text) > most {
		err = fmt.Errorf("more than %d bytes", most)
	}
	return text, err
}

// typedArguments reads arguments written key=value, with the types that the
// tool's input schema gives them. key=@FILE takes the value from a file; key=@@x
// is the text "@x". A key whose type is array may come several times, each time
// with one item.
func typedArguments(tool string, input *schema, args []string) (json.RawMessage, error) {
	values := map[string]json.RawMessage{}
	lists := map[string][]json.RawMessage{}
	var order []string
	for _, arg := range args {
		key, text, ok := strings.Cut(arg, "=")
		if !ok || key == "" {
			return nil, usage("%q is not written key=value", oneLine(arg, 40))
		}
		p := input.Properties[key]
		if p == nil && input.isClosed() {
			return nil, usage("%s has no argument %q; %s", tool, oneLine(key, 40), known(input))
		}
		file := ""
		if rest, found := strings.CutPrefix(text, "@@"); found {
			text = "@" + rest
		} else if name, found := strings.CutPrefix(text, "@"); found {
			file = name
			var err error
			if text, err = readFile(name); err != nil {
				return nil, usage("%s: %v", key, err)
			}
		}
		p = p.resolve(input)
		types := p.types(input)
		if _, again := values[key]; again {
			return nil, usage("%s is given more than once", key)
		}
		// One item of an array, or all of it.
		if slices.Contains(types, "array") && !slices.Contains(types, "string") && !strings.HasPrefix(strings.TrimSpace(text), "[") {
			items := p.Items.resolve(input)
			item, err := typedValue(text, items.types(input))
			if err != nil {
				return nil, usage("%s: an item: %s", key, problem(err, file))
			}
			if lists[key] == nil {
				order = append(order, key)
			}
			lists[key] = append(lists[key], item)
			continue
		}
		if lists[key] != nil {
			return nil, usage("%s is given both by item and as a whole", key)
		}
		value, err := typedValue(text, types)
		if err != nil {
			return nil, usage("%s: %s", key, problem(err, file))
		}
		values[key] = value
		order = append(order, key)
	}
	for _, name := range input.Required {
		if values[name] == nil && lists[name] == nil {
			return nil, usage("%s needs the argument %q; %s", tool, oneLine(name, 40), known(input))
		}
	}

	var b bytes.Buffer
	for i, key := range order {
		b.WriteByte("{,"[min(i, 1)])
		name, _ := json.Marshal(key) // a string
		b.Write(name)
		b.WriteByte(':')
		if value := values[key]; value != nil {
			b.Write(value)
			continue
		}
		b.WriteByte('[')
		b.Write(bytes.Join(rawBytes(lists[key]), []byte(",")))
		b.WriteByte(']')
	}
	if len(order) == 0 {
		b.WriteByte('{')
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func rawBytes(values []json.RawMessage) [][]byte {
	out := make([][]byte, len(values))
	for i, v := range values {
		out[i] = v
	}
	return out
}

// known lists a tool's arguments for a message.
func known(input *schema) string {
	var names []string
	for _, name := range input.names() {
		names = append(names, fmt.Sprintf("%s (%s)", oneLine(name, 40), input.Properties[name].typeName(input)))
	}
	if len(names) == 0 {
		return "it takes none"
	}
	return "it takes " + strings.Join(names, ", ")
}

func readFile(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := readBounded(f)
	return string(text), err
}

// A typeError says that a text is none of the types wanted.
type typeError struct {
	text  string
	types []string
}

func (e *typeError) Error() string {
	return fmt.Sprintf("%q is not %s", oneLine(e.text, 40), e.wanted())
}

func (e *typeError) wanted() string {
	var out []string
	for _, t := range e.types {
		out = append(out, article(oneLine(t, 20)))
	}
	return strings.Join(out, " or ")
}

// problem is err as a message; a file's content is not quoted.
func problem(err error, file string) string {
	var wrong *typeError
	if file != "" && errors.As(err, &wrong) {
		return "what is in " + file + " is not " + wrong.wanted()
	}
	return err.Error()
}

func article(noun string) string {
	switch {
	case noun == "null":
		return noun
	case noun != "" && strings.ContainsRune("aeiou", rune(noun[0])):
		return "an " + noun
	}
	return "a " + noun
}

var (
	integerText = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)
	numberText  = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)
)

func isInteger(s string) bool { return integerText.MatchString(s) }

// typedValue returns text as a JSON value of one of the types. Where several
// fit, the most special wins: null, boolean, integer, number, object, array, and
// string last. With no types it is JSON if it can be read as that, otherwise a
// string. Numbers keep their digits.
func typedValue(text string, types []string) (json.RawMessage, error) {
	trimmed := strings.TrimSpace(text)
	if len(types) == 0 {
		if json.Valid([]byte(trimmed)) {
			return json.RawMessage(trimmed), nil
		}
		return quoted(text), nil
	}
	for _, t := range []string{"null", "boolean", "integer", "number", "object", "array"} {
		if slices.Contains(types, t) && fits(trimmed, t) {
			return json.RawMessage(trimmed), nil
		}
	}
	if slices.Contains(types, "string") {
		return quoted(text), nil
	}
	return nil, &typeError{text, types}
}

func fits(text, t string) bool {
	switch t {
	case "null":
		return text == "null"
	case "boolean":
		return text == "true" || text == "false"
	case "integer":
		return isInteger(text)
	case "number":
		return numberText.MatchString(text)
	case "object":
		return strings.HasPrefix(text, "{") && json.Valid([]byte(text))
	case "array":
		return strings.HasPrefix(text, "[") && json.Valid([]byte(text))
	}
	return false
}

func quoted(text string) json.RawMessage {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(text) // a string
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
