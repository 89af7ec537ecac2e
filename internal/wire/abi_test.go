package wire_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/internal/wire"
)

// An example is one worked frame of docs/abi.md: a fenced block called "frame"
// with the lines kind, id, header, payload and bytes (hex, going on to the end).
type example struct {
	line  int // in the document
	kind  string
	frame wire.Frame
	bytes []byte
}

func readExamples(t *testing.T) []example {
	t.Helper()
	text, err := os.ReadFile("../../docs/abi.md")
	if err != nil {
		t.Fatal(err)
	}
	var all []example
	var e *example
	inBytes := false
	for i, line := range strings.Split(string(text), "\n") {
		if e == nil {
			if line == "```frame" {
				e, inBytes = &example{line: i + 1}, false
			}
			continue
		}
		if line == "```" {
			all, e = append(all, *e), nil
			continue
		}
		key, value, _ := strings.Cut(line, " ")
		value = strings.TrimSpace(value)
		switch {
		case inBytes && key == "", key == "bytes":
			inBytes = true
			e.bytes = append(e.bytes, unhex(t, value)...)
		case key == "kind":
			number, name, _ := strings.Cut(value, " ")
			n, err := strconv.ParseUint(number, 10, 8)
			if err != nil {
				t.Fatalf("line %d: %v", i+1, err)
			}
			e.frame.Kind, e.kind = wire.Kind(n), name
		case key == "id":
			n, err := strconv.ParseUint(value, 10, 32)
			if err != nil {
				t.Fatalf("line %d: %v", i+1, err)
			}
			e.frame.ID = uint32(n)
		case key == "header":
			e.frame.Header = []byte(value)
		case key == "payload":
			e.frame.Payload = []byte(value)
		default:
			t.Fatalf("docs/abi.md:%d: no meaning for %q", i+1, line)
		}
	}
	if e != nil {
		t.Fatalf("docs/abi.md:%d: the example does not end", e.line)
	}
	return all
}

func TestWorkedExamplesAreTrue(t *testing.T) {
	shown := map[wire.Kind]int{}
	for _, e := range readExamples(t) {
		t.Run(fmt.Sprintf("line %d %s", e.line, e.kind), func(t *testing.T) {
			shown[e.frame.Kind]++
			if got := e.frame.Kind.String(); got != e.kind {
				t.Errorf("kind %d is called %q", e.frame.Kind, got)
			}
			if got := wire.AppendFrame(nil, e.frame); !bytes.Equal(got, e.bytes) {
				t.Errorf("encodes to\n%x, the page says\n%x", got, e.bytes)
			}
			frames, err := wire.ParseBatch(e.bytes)
			if err != nil {
				t.Fatal(err)
			}
			if len(frames) != 1 || !reflect.DeepEqual(frames[0], e.frame) {
				t.Errorf("decodes to %+v, the page says %+v", frames, e.frame)
			}
			checkHeader(t, e)
			checkPayload(t, e)
		})
	}
	for _, row := range wire.Kinds {
		if shown[row.Kind] != 1 {
			t.Errorf("docs/abi.md has %d examples of kind %d (%s), want 1", shown[row.Kind], row.Kind, row.Name)
		}
	}
}

// strict decodes text into a new value of prototype's type, refusing unknown
// fields, and fails unless the value is written the same way again.
func strict(t *testing.T, text []byte, prototype any) any {
	t.Helper()
	value := reflect.New(reflect.TypeOf(prototype))
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(value.Interface()); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	again, err := json.Marshal(value.Interface())
	if err != nil || !bytes.Equal(again, text) {
		t.Errorf("%s is written as %s, %v", text, again, err)
	}
	return value.Elem().Interface()
}

func checkHeader(t *testing.T, e example) {
	t.Helper()
	for _, row := range wire.Kinds {
		if row.Kind != e.frame.Kind || len(e.frame.Header) == 0 {
			continue
		}
		if row.Header == nil {
			t.Fatalf("a %s frame has no header", e.kind)
		}
		strict(t, e.frame.Header, row.Header)
	}
}

// checkPayload holds a payload against the row that the header names.
func checkPayload(t *testing.T, e example) {
	t.Helper()
	for _, row := range wire.Kinds {
		if row.Kind == e.frame.Kind && row.Payload == "" && len(e.frame.Payload) > 0 {
			t.Errorf("a %s frame has no payload", e.kind)
		}
	}
	var name struct{ Command, Kind, Event string }
	if len(e.frame.Header) > 0 {
		if err := json.Unmarshal(e.frame.Header, &name); err != nil {
			t.Fatal(err)
		}
	}
	var prototype any
	switch e.frame.Kind {
	case wire.KindCall:
		for _, row := range wire.Commands {
			if row.Name == name.Command {
				prototype = row.Params
			}
		}
	case wire.KindAsk:
		for _, row := range wire.Asks {
			if row.Name == name.Kind {
				prototype = row.Params
			}
		}
	case wire.KindTell:
		for _, row := range wire.Tells {
			if row.Name == name.Event {
				prototype = row.Data
			}
		}
	case wire.KindReply:
		prototype = wire.Elicited{} // the page answers its own example of ask
	default:
		return
	}
	if prototype == nil {
		t.Fatalf("%s names no row of the tables", e.frame.Header)
	}
	strict(t, e.frame.Payload, prototype)
}

func TestLimitsInTheDocumentAreTrue(t *testing.T) {
	text, err := os.ReadFile("../../docs/abi.md")
	if err != nil {
		t.Fatal(err)
	}
	d := wire.Limits{}.WithDefaults()
	for _, want := range []string{
		fmt.Sprintf("| `maxBodyBytes` | %d MiB |", d.MaxBodyBytes>>20),
		fmt.Sprintf("| `maxEventBytes` | %d MiB |", d.MaxEventBytes>>20),
		fmt.Sprintf("| `maxDepth` | %d ", d.MaxDepth),
		fmt.Sprintf("| `maxCalls` | %d |", d.MaxCalls),
		fmt.Sprintf("| `maxAsks` | %d |", d.MaxAsks),
		fmt.Sprintf("(%d s if absent", wire.DefaultTimeoutMs/1000),
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("docs/abi.md does not say %q", want)
		}
	}
}
