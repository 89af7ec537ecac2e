// Package mask takes secrets out of what is shown of a session: URLs, headers
// and JSON-RPC messages. It is a leaf, and the one place where that is decided.
//
// Three things make a value a secret: where it stands (a header that is not
// known to be harmless, a URL's query, what a person typed into a form), what it
// is called (password, access_token), and what it is: a value that was masked
// once is masked wherever it occurs later, also in base64, in hexadecimal and
// escaped for a URL. In doubt a value is masked.
package mask

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Masked stands where a secret was.
const Masked = "(masked)"

// Bounds of what is remembered. Of more secrets the oldest are forgotten; what a
// server says cannot make it forget those of this side.
const (
	minSecretBytes = 6
	maxPieceBytes  = 8 << 10
	maxSecrets     = 256
	maxSecretBytes = 128 << 10
	maxTools       = 1000
)

// A Masker masks what belongs to one session. It is safe for concurrent use.
// The zero value is ready to use.
type Masker struct {
	mu       sync.Mutex
	ours     memory
	theirs   memory
	replacer *strings.Replacer // nil when it has to be made anew

	tools    map[string]*secretArguments
	allTools bool // more than maxTools have secret arguments
}

// memory is the secrets of one side, the oldest first.
type memory struct {
	values []string
	bytes  int
}

// words are never remembered: they occur in every message.
var words = []string{
	"accept", "action", "arguments", "array", "boolean", "cancel", "content", "decline", "default", "description",
	"integer", "message", "method", "notifications", "number", "object", "optional", "params", "password",
	"properties", "required", "result", "secret", "server", "string", "undefined", "version", "bearer", "masked",
}

// learn remembers a secret, in pieces if it is long.
func (m *Masker) learn(value string, ours bool) {
	for ; len(value) > maxPieceBytes+minSecretBytes; value = value[maxPieceBytes:] {
		m.learnPiece(value[:maxPieceBytes], ours)
	}
	m.learnPiece(value, ours)
}

func (m *Masker) learnPiece(value string, ours bool) {
	if len(strings.TrimSpace(value)) < minSecretBytes || value == Masked || slices.Contains(words, strings.ToLower(value)) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	side := &m.theirs
	if ours {
		side = &m.ours
	}
	if slices.Contains(side.values, value) {
		return
	}
	side.values = append(side.values, strings.Clone(value))
	side.bytes += len(value)
	for len(side.values) > maxSecrets || side.bytes > maxSecretBytes {
		side.bytes -= len(side.values[0])
		side.values = slices.Delete(side.values, 0, 1)
	}
	m.replacer = nil
}

// Known masks the secrets that were learned, and nothing else.
func (m *Masker) Known(s string) string { return m.known(s) }

// known masks the secrets that are remembered, wherever they stand in s.
func (m *Masker) known(s string) string {
	if len(s) < minSecretBytes {
		return s
	}
	m.mu.Lock()
	if m.replacer == nil {
		var all []string
		for _, value := range slices.Concat(m.ours.values, m.theirs.values) {
			all = append(all, forms(value)...)
		}
		// Where one begins like another, the longer is looked for first.
		slices.SortStableFunc(all, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
		pairs := make([]string, 0, 2*len(all))
		for _, form := range all {
			pairs = append(pairs, form, Masked)
		}
		m.replacer = strings.NewReplacer(pairs...)
	}
	replacer := m.replacer
	m.mu.Unlock()
	return replacer.Replace(s)
}

// forms are the ways in which a secret may be written inside of a text.
func forms(value string) []string {
	out := []string{value, url.QueryEscape(value), url.PathEscape(value)}
	if quoted, err := json.Marshal(value); err == nil {
		out = append(out, string(quoted[1:len(quoted)-1]))
	}
	lower := hex.EncodeToString([]byte(value))
	out = append(out, lower, strings.ToUpper(lower))
	// In base64 a value looks different at each place modulo 3. What its
	// neighbours have a part in is left out.
	for offset := range 3 {
		padded := append(make([]byte, offset), value...)
		from, to := []int{0, 2, 3}[offset], len(padded)*8/6
		if to-from < minSecretBytes {
			continue
		}
		out = append(out, base64.RawStdEncoding.EncodeToString(padded)[from:to], base64.RawURLEncoding.EncodeToString(padded)[from:to])
	}
	slices.Sort(out)
	return slices.Compact(out)
}
