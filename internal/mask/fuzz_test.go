package mask_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/internal/mask"
)

// FuzzMessage: whatever JSON it is, what comes out is JSON within its bound, and
// a secret that is known, or stands in it as a password, is not in it.
func FuzzMessage(f *testing.F) {
	for _, seed := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"a":[1,"x",null,true]}}}`,
		`{"result":{"content":[{"type":"text","text":"{\"token\":\"abc\"}"}]}}`,
		`{"result":{"action":"accept","content":{"a":"` + fuzzSecret + `"}}}`,
		`{"result":{"inputSchema":{"properties":{"password":{"default":"` + fuzzSecret + `"}}}}}`,
		`{"url":"https://a:` + fuzzSecret + `@b/?c=d","x":"Bearer ` + fuzzSecret + `"}`,
		" [ \"\\u00e9\\ud83d\" , {\"\":\"\\\\\"} ] ", `""`, `-1.5e+7`, `{"a":"\"}"}`,
	} {
		f.Add([]byte(seed), true, 1<<10)
		f.Add([]byte(seed), false, 1)
	}
	f.Fuzz(func(t *testing.T, raw []byte, sent bool, limit int) {
		limit = min(max(limit, 0), 1<<16)
		var m mask.Masker
		m.LearnTools(raw)
		m.Message([]byte(`{"params":{"password":"`+fuzzSecret+`"}}`), true, 1<<10)
		out, cut := m.Message(raw, sent, limit)
		if !json.Valid(raw) {
			if out != nil || !cut {
				t.Fatalf("%q became %q", raw, out)
			}
			return
		}
		if !json.Valid(out) {
			t.Fatalf("%q became %q", raw, out)
		}
		if len(out) > limit+2*len(raw)+100 {
			t.Fatalf("%d bytes of %q with a limit of %d", len(out), out, limit)
		}
		if sees(out) {
			t.Fatalf("%q became %q", raw, out)
		}
		known := m.KnownJSON(raw)
		if !json.Valid(known) || sees(known) {
			t.Fatalf("KnownJSON: %q became %q", raw, known)
		}
	})
}

const fuzzSecret = "hunter2-hunter2"

// sees reports whether the secret is in the strings of a JSON value, names at
// the top excepted: they are the protocol's.
func sees(raw []byte) bool {
	var v any
	numbers := json.NewDecoder(bytes.NewReader(raw))
	numbers.UseNumber() // 1e700 is JSON, and no float64
	return numbers.Decode(&v) != nil || seen(v, true)
}

func seen(v any, top bool) bool {
	switch v := v.(type) {
	case string:
		return strings.Contains(v, fuzzSecret)
	case []any:
		for _, item := range v {
			if seen(item, false) {
				return true
			}
		}
	case map[string]any:
		for key, item := range v {
			if !top && strings.Contains(key, fuzzSecret) || seen(item, false) {
				return true
			}
		}
	}
	return false
}

// FuzzText: no text is a problem, and a known secret is not in what comes out.
func FuzzText(f *testing.F) {
	for _, seed := range []string{
		"Bearer " + fuzzSecret, "password=" + fuzzSecret, `{\"token\":\"` + fuzzSecret, "://" + fuzzSecret + "@x", `token: "a\`,
		"https://u:p@h/" + fuzzSecret + "?a=b&c#d", "authorization:", "?code=", "bearer ====", `secret='`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var m mask.Masker
		m.LearnHeader(fuzzSecret, true)
		for _, got := range []string{m.Text(s), m.URL(s, false), m.Known(s), m.Headers([][2]string{{"Mcp-Name", s}}, false)[0][1]} {
			if strings.Contains(got, fuzzSecret) {
				t.Fatalf("%q became %q", s, got)
			}
		}
	})
}
