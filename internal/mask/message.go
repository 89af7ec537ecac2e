package mask

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
)

// Message masks a JSON-RPC message. sent says that this side sends it. The
// answer is compact JSON of about limit bytes at most: of a larger message, long
// strings give way to their size, and the last members are left out; cut says
// so. It is nil if raw is not JSON.
func (m *Masker) Message(raw []byte, sent bool, limit int) (out json.RawMessage, cut bool) {
	if !json.Valid(raw) {
		return nil, true
	}
	var envelope struct {
		Method string `json:"method"`
		Params struct {
			Name string `json:"name"`
		} `json:"params"`
	}
	// An error only means that some member has another form.
	_ = json.Unmarshal(raw, &envelope)
	top := scope{sent: sent, place: placeTop}
	if sent && envelope.Method == "tools/call" {
		top.args = m.argumentsOf(envelope.Params.Name)
	}
	w := walker{m: m, in: raw, learn: true}
	w.value(top) // what follows may hold a secret that stands further back
	w = walker{m: m, in: raw, left: limit, out: make([]byte, 0, min(len(raw), limit)+64)}
	w.value(top)
	return w.out, w.cut
}

// KnownJSON masks the secrets that were learned in the strings, names and numbers
// of a JSON value, and nothing else. It is nil if raw is not JSON.
func (m *Masker) KnownJSON(raw json.RawMessage) json.RawMessage {
	if !json.Valid(raw) {
		return nil
	}
	w := walker{m: m, in: raw, only: true, left: math.MaxInt, out: make([]byte, 0, len(raw))}
	w.value(scope{})
	return w.out
}

// A place is a part of a message with rules of its own.
type place int

const (
	placeAny      place = iota
	placeTop            // the message
	placeParams         // its params
	placeAnswer         // an answer to a question of the server's
	placeAnswers        // answers by key (2026-07-28, basic/patterns/mrtr)
	placeSchema         // a JSON Schema: keys are its own, except
	placeProperty       // where they are the names of properties
)

// A scope says what is known of a value from where it stands.
type scope struct {
	sent   bool
	place  place
	secret bool             // every value below is one
	hot    bool             // in the schema of a secret
	args   *secretArguments // of the tool that is called
	inArgs bool
	depth  int // of JSON in strings
	key    string
}

// below is the scope of an object's member.
func (sc scope) below(key string) scope {
	child := sc
	child.key, child.place = key, placeAny
	switch sc.place {
	case placeTop:
		switch {
		case key == "params":
			child.place = placeParams
		case key == "result" && sc.sent:
			child.place = placeAnswer
		}
		return child // "error" and "id" are no names of values
	case placeParams:
		switch {
		case key == "arguments":
			child.inArgs = true
			child.secret = child.secret || sc.args.has("")
			return child
		case key == "inputResponses" && sc.sent:
			child.place = placeAnswers
			return child
		}
	case placeAnswers:
		child.place = placeAnswer
		return child
	case placeAnswer:
		child.place = placeAnswer // SDKs differ in what they wrap it into
	case placeSchema:
		child.place = placeSchema
		switch key {
		case "properties", "patternProperties", "$defs", "definitions", "dependentSchemas":
			child.place = placeProperty
		case "default", "const", "examples":
			child.place, child.secret = placeAny, sc.secret || sc.hot
		case "enum", "required":
			child.place = placeAny
		}
		return child
	case placeProperty:
		child.place, child.hot = placeSchema, isCredential(key) || sc.inArgs && sc.args.has(key)
		return child
	}
	switch {
	case key == "inputSchema" || key == "outputSchema" || key == "requestedSchema":
		child.place = placeSchema
	case isCredential(key) || sc.inArgs && sc.args.has(key):
		child.secret = true
	}
	return child
}

// A walker goes over valid JSON once: to learn its secrets, or to write it
// without them.
type walker struct {
	m     *Masker
	in    []byte
	pos   int
	learn bool
	only  bool // what is known, whatever else looks like a secret
	out   []byte
	left  int // bytes that may still be written
	mute  bool
	cut   bool
}

func (w *walker) put(b ...byte) {
	if w.learn || w.mute {
		return
	}
	w.out = append(w.out, b...)
	w.left -= len(b)
}

func (w *walker) space() {
	for w.pos < len(w.in) && (w.in[w.pos] == ' ' || w.in[w.pos] == '\t' || w.in[w.pos] == '\n' || w.in[w.pos] == '\r') {
		w.pos++
	}
}

// value takes the value at pos.
func (w *walker) value(sc scope) {
	w.space()
	switch w.in[w.pos] {
	case '{':
		w.object(sc)
	case '[':
		w.array(sc)
	case '"':
		w.text(sc, w.token())
	default:
		w.literal(sc, w.token())
	}
	w.space()
}

// token returns the string, number or word at pos.
func (w *walker) token() []byte {
	start := w.pos
	if w.in[start] == '"' {
		for w.pos++; w.in[w.pos] != '"'; w.pos++ {
			if w.in[w.pos] == '\\' {
				w.pos++
			}
		}
		w.pos++
		return w.in[start:w.pos]
	}
	for w.pos < len(w.in) && bytes.IndexByte([]byte(" \t\r\n,:]}"), w.in[w.pos]) < 0 {
		w.pos++
	}
	return w.in[start:w.pos]
}

func (w *walker) object(sc scope) {
	answered := sc.place == placeAnswer && w.isElicited()
	w.pos++
	w.put('{')
	w.members('}', func(first bool) {
		raw := w.token()
		var key string
		_ = json.Unmarshal(raw, &key) // it is valid
		w.space()
		w.pos++ // the colon
		if !first {
			w.put(',')
		}
		if w.learn || w.mute {
			// Nothing to write.
		} else if masked := w.m.known(key); masked != key && sc.place != placeTop {
			w.put(quote(masked)...)
		} else {
			w.put(raw...)
		}
		w.put(':')
		child := sc
		if !w.only {
			child = sc.below(key)
		}
		if answered && key == "content" {
			child.secret = true
		}
		w.value(child)
	})
	w.put('}')
}

func (w *walker) array(sc scope) {
	if sc.place == placeTop {
		sc.place = placeAny
	}
	w.pos++
	w.put('[')
	w.members(']', func(first bool) {
		if !first {
			w.put(',')
		}
		w.value(sc)
	})
	w.put(']')
}

// members goes over what stands up to the end of an object or array. What comes
// when nothing more may be written is left out.
func (w *walker) members(end byte, member func(first bool)) {
	muted := w.mute
	for first := true; ; first = false {
		w.space()
		if w.in[w.pos] == ',' {
			w.pos++
			w.space()
		}
		if w.in[w.pos] == end {
			w.pos++
			w.mute = muted
			return
		}
		if !w.learn && w.left <= 0 {
			w.mute, w.cut = true, true
		}
		member(first)
	}
}

// isElicited reports whether the object at pos answers an elicitation
// (2025-11-25 and 2026-07-28, client/elicitation): what is in its content was
// typed by a person.
func (w *walker) isElicited() bool {
	var answer struct {
		Action json.RawMessage `json:"action"`
	}
	return json.NewDecoder(bytes.NewReader(w.in[w.pos:])).Decode(&answer) == nil && answer.Action != nil
}

func (w *walker) literal(sc scope, raw []byte) {
	switch {
	case string(raw) == "null":
	case w.learn:
		if sc.secret && len(raw) >= minSecretBytes {
			w.m.learn(string(raw), sc.sent)
		}
		return
	case sc.secret || !w.mute && w.m.known(string(raw)) != string(raw):
		raw = quote(Masked)
	}
	w.put(raw...)
}

// maxEmbedded bounds how deep JSON is looked for in strings of JSON.
const maxEmbedded = 3

func (w *walker) text(sc scope, raw []byte) {
	if w.mute || len(raw) == 2 {
		w.put(raw...)
		return
	}
	if sc.secret && !w.learn {
		w.put(quote(Masked)...)
		return
	}
	if !w.learn && len(raw) > max(w.left, 64) {
		w.cut = true
		w.put(quote(fmt.Sprintf("(%d bytes)", len(raw)-2))...)
		return
	}
	var s string
	_ = json.Unmarshal(raw, &s) // it is valid
	if sc.secret {
		w.m.learn(s, sc.sent)
		return
	}
	masked := w.masked(sc, s)
	switch {
	case w.learn:
	case masked == s:
		w.put(raw...)
	default:
		w.put(quote(masked)...)
	}
}

// masked masks a string.
func (w *walker) masked(sc scope, s string) string {
	if w.only {
		return w.m.known(s)
	}
	if trimmed := strings.TrimLeft(s, " \t\r\n"); sc.depth < maxEmbedded && trimmed != "" &&
		(trimmed[0] == '{' || trimmed[0] == '[') && json.Valid([]byte(s)) {
		inner := walker{m: w.m, in: []byte(s), learn: w.learn, left: 2 * len(s)}
		inner.value(scope{sent: sc.sent, place: schemaOrAny(sc.place), hot: sc.hot, depth: sc.depth + 1})
		if w.learn {
			return s
		}
		if compact := compactJSON(s); string(inner.out) == compact {
			return s
		}
		return string(inner.out)
	}
	if sc.key == "url" && strings.Contains(s, "://") && !strings.ContainsAny(s, " \n") {
		return w.m.URL(s, sc.sent)
	}
	if w.learn {
		w.m.scan(s, sc.sent)
		return s
	}
	return w.m.text(s, sc.sent)
}

func schemaOrAny(p place) place {
	if p == placeSchema || p == placeProperty {
		return p
	}
	return placeAny
}

func compactJSON(s string) string {
	var b bytes.Buffer
	if json.Compact(&b, []byte(s)) != nil {
		return ""
	}
	return b.String()
}

// quote is s as JSON.
func quote(s string) []byte {
	raw, _ := json.Marshal(s) // a string always can
	return raw
}
