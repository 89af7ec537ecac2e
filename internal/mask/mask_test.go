package mask_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/internal/mask"
)

// A canary is a secret that must not be seen.
const canary = "cAnary-7f3/+9 x"

func TestURL(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "https://example.com/mcp", "https://example.com/mcp"},
		{"no path", "https://example.com", "https://example.com"},
		{"a port", "http://127.0.0.1:8931/mcp", "http://127.0.0.1:8931/mcp"},
		{"a query", "https://example.com/mcp?key=abc&page=2", "https://example.com/mcp?key=(masked)&page=(masked)"},
		{"a query without a name", "https://example.com/?abcdef", "https://example.com/?(masked)"},
		{"an empty value", "https://example.com/?a=&b", "https://example.com/?a=&(masked)"},
		{"a fragment", "https://example.com/#abc", "https://example.com/"},
		{"a user", "https://user:pass@example.com/", "https://(masked)@example.com/"},
		{"a key in the path", "https://example.com/s/MjM0ZDk4YjctZjJiZC00/mcp", "https://example.com/s/(masked)/mcp"},
		{"a date in the path", "https://example.com/v2025-11-25/mcp", "https://example.com/v2025-11-25/mcp"},
		{"an authorization code", "https://example.com/cb?code=abcd&state=xy", "https://example.com/cb?code=(masked)&state=(masked)"},
		{"a broken escape", "https://example.com/?a=%zz", "https://example.com/?a=(masked)"},
		{"no URL", "over there", mask.Masked},
		{"a control character", "https://example.com/\x00", mask.Masked},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := new(mask.Masker).URL(c.in, true); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	var m mask.Masker
	got := m.Headers([][2]string{
		{"X-Whatever", "abc"},
		{"Mcp-Session-Id", "session-1234"},
		{"Content-Type", "application/json"},
		{"authorization", "Bearer key-5678"},
		{"DPoP", "eyJ.proof-3456.c2ln"},
		{"DPoP-Nonce", "nonce-7890"},
		{"Set-Cookie", "sid=cookie-9012; Path=/; HttpOnly"},
		{"WWW-Authenticate", `Bearer error="insufficient_scope", scope="files:read"`},
		{"Mcp-Name", "echo of session-1234"},
		{"Mcp-Param-Region", "us-west1"},
	}, false)
	want := [][2]string{
		{"authorization", "(masked)"},
		{"Content-Type", "application/json"},
		{"DPoP", "(masked)"},
		{"DPoP-Nonce", "(masked)"},
		{"Mcp-Name", "echo of (masked)"},
		{"Mcp-Param-Region", "(masked)"},
		{"Mcp-Session-Id", "(masked)"},
		{"Set-Cookie", "(masked)"},
		{"WWW-Authenticate", `Bearer error="insufficient_scope", scope="files:read"`},
		{"X-Whatever", "(masked)"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	// What they held is known, and what was no credential is left alone.
	if got := m.Text("session-1234, key-5678, cookie-9012, eyJ.proof-3456.c2ln, nonce-7890, us-west1"); got != "(masked), (masked), (masked), (masked), (masked), us-west1" {
		t.Error(got)
	}
}

func TestText(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"nothing", "a plain text: with colons = and more", "a plain text: with colons = and more"},
		{"empty", "", ""},
		{"Bearer", "sent Bearer abcdefgh.ijkl-mn_op== there", "sent (masked there"},
		{"Bearer, short", "Bearer of news", "Bearer of news"},
		{"Basic", "Authorization is basic dXNlcjpwYXNz", "Authorization is basic (masked)"},
		{"a challenge", `Bearer resource_metadata="https://example.com/x"`, `Bearer resource_metadata="https://example.com/x"`},
		{"a pair", "password=hunter2&user=me", "password=(masked)&user=me"},
		{"a pair with a colon", "Access-Token: abc, next", "Access-Token: (masked), next"},
		{"a header", "Authorization: Digest a=b, c=d\nHost: x", "Authorization: (masked)\nHost: x"},
		{"JSON that is cut off", `{"client_secret":"abc","x":`, `{"client_secret":"(masked)","x":`},
		{"JSON in JSON", `{\"api_key\": \"abc\"}`, `{\"api_key\": \"(masked)\"}`},
		{"an escaped quote", `"passwd":"a\"b" c`, `"passwd":"(masked)" c`},
		{"a quote that is open", `token="abc`, `token="(masked)`},
		{"a user in a URL", "see https://user:pass@example.com/a", "see https://(masked)@example.com/a"},
		{"a code in a URL", "see /cb?code=abc&state=d", "see /cb?code=(masked)&state=d"},
		{"a code that is none", `code=abc, error code: 5`, `code=abc, error code: 5`},
		{"a cursor", "nextPageToken=abc progressToken: 5", "nextPageToken=abc progressToken: 5"},
		{"at the end", "token=", "token="},
		{"masked before", "token=(masked) secret: (masked)", "token=(masked) secret: (masked)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := strings.ReplaceAll(c.want, "Bearer (masked there", "Bearer (masked) there")
			want = strings.ReplaceAll(want, "sent (masked there", "sent Bearer (masked) there")
			if got := new(mask.Masker).Text(c.in); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestMessage(t *testing.T) {
	for _, c := range []struct {
		name     string
		sent     bool
		in, want string
	}{
		{"nothing to mask", true, `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"progressToken":7}}}`,
			`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"progressToken":7}}}`},
		{"white space", false, " { \"id\" : 1 ,\n\"result\" : [ 1 , -2.5e3,true , null,\"\" ] } ", `{"id":1,"result":[1,-2.5e3,true,null,""]}`},
		{"large numbers stay", false, `{"result":12345678901234567890}`, `{"result":12345678901234567890}`},
		{"an error's code stays", false, `{"error":{"code":-32602,"message":"no"}}`, `{"error":{"code":-32602,"message":"no"}}`},
		{"by name, whatever its writing", true,
			`{"params":{"Password":"a","client-secret":"b","apiKey":1,"access_token":true,"X":{"private.key":["c",null,{"d":"e"}]}}}`,
			`{"params":{"Password":"(masked)","client-secret":"(masked)","apiKey":"(masked)","access_token":"(masked)","X":{"private.key":["(masked)",null,{"d":"(masked)"}]}}}`},
		{"cursors are no secrets", false, `{"result":{"nextCursor":"abc","next_page_token":"def","maxTokens":100}}`,
			`{"result":{"nextCursor":"abc","next_page_token":"def","maxTokens":100}}`},
		{"a schema is no value", false,
			`{"result":{"tools":[{"name":"login","inputSchema":{"type":"object","properties":{"password":{"type":"string","default":"abc","description":"The password."},"n":{"default":3}}}}]}}`,
			`{"result":{"tools":[{"name":"login","inputSchema":{"type":"object","properties":{"password":{"type":"string","default":"(masked)","description":"The password."},"n":{"default":3}}}}]}}`},
		{"a form's schema neither", false,
			`{"method":"elicitation/create","params":{"requestedSchema":{"properties":{"secret":{"type":"string"}}}}}`,
			`{"method":"elicitation/create","params":{"requestedSchema":{"properties":{"secret":{"type":"string"}}}}}`},
		{"an answer to a form", true, `{"id":"q","result":{"content":{"name":"Ann","age":7,"ok":true},"action":"accept"}}`,
			`{"id":"q","result":{"content":{"name":"(masked)","age":"(masked)","ok":"(masked)"},"action":"accept"}}`},
		{"a declined form", true, `{"id":"q","result":{"action":"decline"}}`, `{"id":"q","result":{"action":"decline"}}`},
		{"an answer that is sampled", true, `{"id":"q","result":{"role":"assistant","content":{"type":"text","text":"hi"}}}`,
			`{"id":"q","result":{"role":"assistant","content":{"type":"text","text":"hi"}}}`},
		{"answers as data", true,
			`{"method":"tools/call","params":{"name":"t","inputResponses":{"q":{"action":"accept","content":{"name":"Ann"}},"r":{"result":{"action":"accept","content":{"name":"Bob"}}}},"requestState":"abc"}}`,
			`{"method":"tools/call","params":{"name":"t","inputResponses":{"q":{"action":"accept","content":{"name":"(masked)"}},"r":{"result":{"action":"accept","content":{"name":"(masked)"}}}},"requestState":"(masked)"}}`},
		{"a result with an action", false, `{"result":{"action":"accept","content":[{"type":"text","text":"hi"}]}}`,
			`{"result":{"action":"accept","content":[{"type":"text","text":"hi"}]}}`},
		{"JSON in a string", false, `{"result":{"text":"{\"token\": \"abc\", \"n\": 1}"}}`, `{"result":{"text":"{\"token\":\"(masked)\",\"n\":1}"}}`},
		{"JSON in a string, nothing in it", false, `{"result":{"text":"{\"a\": 1}"}}`, `{"result":{"text":"{\"a\": 1}"}}`},
		{"a page to visit", false, `{"method":"elicitation/create","params":{"url":"https://example.com/x?ticket=abc"}}`,
			`{"method":"elicitation/create","params":{"url":"https://example.com/x?ticket=(masked)"}}`},
		{"the same name twice", false, `{"result":{"token":"a","token":"b"}}`, `{"result":{"token":"(masked)","token":"(masked)"}}`},
		{"escapes", false, `{"result":{"t\u006fken":"a","x":"\ud83d\ude00\n"}}`, `{"result":{"t\u006fken":"(masked)","x":"\ud83d\ude00\n"}}`},
		{"no object", false, `"abc"`, `"abc"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, cut := new(mask.Masker).Message([]byte(c.in), c.sent, 1<<16)
			if string(got) != c.want || cut {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
	if got, cut := new(mask.Masker).Message([]byte(`{"token":"abc"`), false, 1<<16); got != nil || !cut {
		t.Errorf("of what is not JSON: %s, %v", got, cut)
	}
}

// written is how a secret may be written in a text, with neighbours.
func written(secret string) map[string]string {
	quoted, _ := json.Marshal(secret)
	out := map[string]string{
		"as it is":          "xx" + secret + "yy",
		"for a query":       "xx" + url.QueryEscape(secret) + "yy",
		"for a path":        "xx" + url.PathEscape(secret) + "yy",
		"as JSON":           "xx" + string(quoted) + "yy",
		"hexadecimal":       hex.EncodeToString([]byte("xx" + secret + "yy")),
		"HEXADECIMAL":       strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"base64":            base64.StdEncoding.EncodeToString([]byte(secret)),
		"base64 for a URL":  base64.RawURLEncoding.EncodeToString([]byte(secret)),
		"base64 after x":    base64.StdEncoding.EncodeToString([]byte("x" + secret + "yy")),
		"base64 after xx":   base64.StdEncoding.EncodeToString([]byte("xx" + secret + "y")),
		"base64 after xxxx": base64.URLEncoding.EncodeToString([]byte("xxxx" + secret)),
	}
	return out
}

// shown returns the form in which a secret can be read in a text, or "". It
// reads base64 by decoding it, at each place.
func shown(text, secret string) string {
	for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), hex.EncodeToString([]byte(secret))} {
		if strings.Contains(strings.ToLower(text), strings.ToLower(form)) {
			return form
		}
	}
	normal := strings.NewReplacer("-", "+", "_", "/").Replace(text)
	for start := range normal {
		end := start
		for end < len(normal) && strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", normal[end]) >= 0 {
			end++
		}
		if (end-start)%4 == 1 {
			end--
		}
		decoded, _ := base64.RawStdEncoding.DecodeString(normal[start:end])
		if strings.Contains(string(decoded), secret) {
			return "base64"
		}
	}
	return ""
}

func TestWhatWasMaskedOnceIsKnown(t *testing.T) {
	for name, text := range written(canary) {
		t.Run(name, func(t *testing.T) {
			var m mask.Masker
			m.Message([]byte(fmt.Sprintf(`{"params":{"password":%q}}`, canary)), true, 1<<16)
			if got := shown(text, canary); got == "" && name != "as JSON" {
				t.Fatal("the test does not see it before")
			}
			raw, _ := json.Marshal(map[string]any{"result": map[string]any{text: 1, "text": text}})
			got, _ := m.Message(raw, false, 1<<16)
			if form := shown(string(got), canary); form != "" {
				t.Errorf("%s shows it as %s", got, form)
			}
			if form := shown(m.URL("https://example.com/"+url.PathEscape(text), false), canary); form != "" {
				t.Errorf("a URL shows it as %s", form)
			}
			if form := shown(m.Text(text), canary); form != "" {
				t.Errorf("a text shows it as %s", form)
			}
			if only := m.KnownJSON(raw); shown(string(only), canary) != "" || !strings.Contains(string(only), `"text"`) {
				t.Errorf("KnownJSON gives %s", only)
			}
		})
	}
}

// A secret that stands behind its echo in the same message is masked too.
func TestAnEchoBeforeTheSecret(t *testing.T) {
	var m mask.Masker
	got, _ := m.Message([]byte(`{"result":{"content":[{"text":"it is abcdef-1234"}],"structuredContent":{"access_token":"abcdef-1234"}}}`), false, 1<<16)
	if strings.Contains(string(got), "abcdef") {
		t.Error(string(got))
	}
}

func TestNumbersAreKnownToo(t *testing.T) {
	var m mask.Masker
	got, _ := m.Message([]byte(`{"result":{"otp":481516,"text":"your code is 481516","n":481516,"m":48}}`), false, 1<<16)
	if want := `{"result":{"otp":"(masked)","text":"your code is (masked)","n":"(masked)","m":48}}`; string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// What everybody says is no secret: "string" typed into a form must not make a
// trace unreadable.
func TestCommonWordsAreNotRemembered(t *testing.T) {
	var m mask.Masker
	m.Message([]byte(`{"result":{"action":"accept","content":{"a":"string","b":"no","c":"Object"}}}`), true, 1<<16)
	if got := m.Text("string no Object"); got != "string no Object" {
		t.Error(got)
	}
}

// A server that makes up secrets cannot make ours forgotten.
func TestAFloodOfSecrets(t *testing.T) {
	var m mask.Masker
	m.Message([]byte(`{"params":{"password":"ours-ours-ours"}}`), true, 1<<16)
	var flood strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&flood, `%s{"token":"theirs-%d"}`, strings.Repeat(",", min(i, 1)), i)
	}
	m.Message([]byte(`{"result":[`+flood.String()+`]}`), false, 1<<10)
	m.Message([]byte(`{"result":{"token":"`+strings.Repeat("x1", 1<<20)+`"}}`), false, 1<<10)
	if got := m.Text("ours-ours-ours"); got != mask.Masked {
		t.Errorf("got %s", got)
	}
}

// A long secret is masked to its end.
func TestALongSecret(t *testing.T) {
	var m mask.Masker
	var secret strings.Builder
	for i := 0; secret.Len() < 20_000; i++ {
		fmt.Fprintf(&secret, "%x.", i*i+7)
	}
	m.Message([]byte(`{"params":{"private_key":"`+secret.String()+`"}}`), true, 1<<16)
	if got := strings.ReplaceAll(m.Text("<"+secret.String()+">"), mask.Masked, ""); got != "<>" {
		t.Errorf("%d bytes are left: %.80s", len(got), got)
	}
}

func TestToolArguments(t *testing.T) {
	const marked = `{"type":"string","writeOnly":true}`
	for _, c := range []struct{ name, schema, arguments, want string }{
		{"writeOnly", `{"properties":{"pin":` + marked + `,"user":{"type":"string"}}}`, `{"pin":"1","user":"me"}`, `{"pin":"(masked)","user":"me"}`},
		{"password", `{"properties":{"pin":{"type":"string","format":"password"}}}`, `{"pin":"1"}`, `{"pin":"(masked)"}`},
		{"deep", `{"properties":{"a":{"properties":{"b":{"items":{"properties":{"pin":` + marked + `}}}}}}}`, `{"a":{"b":[{"pin":"1","x":2}]}}`, `{"a":{"b":[{"pin":"(masked)","x":2}]}}`},
		{"the items", `{"properties":{"pins":{"items":` + marked + `}}}`, `{"pins":["1","2"]}`, `{"pins":["(masked)","(masked)"]}`},
		{"one of several", `{"properties":{"pin":{"anyOf":[{"type":"null"},` + marked + `]}}}`, `{"pin":"1"}`, `{"pin":"(masked)"}`},
		{"by reference", `{"$defs":{"Pin":` + marked + `},"properties":{"pin":{"$ref":"#/$defs/Pin"},"x":{}}}`, `{"pin":"1","x":2}`, `{"pin":"(masked)","x":2}`},
		{"a reference that leads round", `{"properties":{"a":{"$ref":"#"},"pin":` + marked + `}}`, `{"a":1,"pin":"1"}`, `{"a":"(masked)","pin":"(masked)"}`},
		{"a reference that leads nowhere", `{"properties":{"a":{"$ref":"#/nowhere"},"pin":` + marked + `}}`, `{"a":1}`, `{"a":"(masked)"}`},
		{"a reference to elsewhere", `{"properties":{"a":{"$ref":"https://example.com/"},"pin":` + marked + `}}`, `{"a":1}`, `{"a":"(masked)"}`},
		{"other names", `{"additionalProperties":` + marked + `}`, `{"a":"1"}`, `{"a":"(masked)"}`},
		{"all of it", `{"writeOnly":true,"properties":{"a":{}}}`, `{"a":{"b":1}}`, `{"a":{"b":"(masked)"}}`},
		{"written with escapes", `{"properties":{"pin":{"write\u004fnly":true}}}`, `{"pin":"1"}`, `{"pin":"(masked)"}`},
		{"not marked", `{"properties":{"pin":{"writeOnly":false}}}`, `{"pin":"1"}`, `{"pin":"1"}`},
		{"a name only", `{"properties":{"writeOnly":{"type":"boolean"}}}`, `{"writeOnly":true}`, `{"writeOnly":true}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var m mask.Masker
			m.LearnTools([]byte(`{"tools":[{"name":"other","inputSchema":{}},{"name":"t","inputSchema":` + c.schema + `}]}`))
			call := func(tool string) string {
				got, _ := m.Message([]byte(`{"method":"tools/call","params":{"name":"`+tool+`","arguments":`+c.arguments+`}}`), true, 1<<16)
				return string(got)
			}
			if got, want := call("t"), `{"method":"tools/call","params":{"name":"t","arguments":`+c.want+`}}`; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			// Another tool's are not touched (unless what they hold is known by now).
			if got := call("other"); strings.Contains(got, mask.Masked) {
				t.Errorf("another tool: %s", got)
			}
		})
	}
}

// More tools with secrets than are remembered: every argument is one.
func TestTooManyToolsWithSecrets(t *testing.T) {
	var m mask.Masker
	for i := range 1001 {
		m.LearnTools([]byte(fmt.Sprintf(`{"tools":[{"name":"t%d","inputSchema":{"properties":{"a":{"writeOnly":true}}}}]}`, i)))
	}
	got, _ := m.Message([]byte(`{"method":"tools/call","params":{"name":"new","arguments":{"b":1}}}`), true, 1<<16)
	if !strings.Contains(string(got), `{"b":"(masked)"}`) {
		t.Error(string(got))
	}
	m.LearnTools([]byte(`not JSON, writeOnly`))
}

func TestALargeMessageIsCut(t *testing.T) {
	const limit = 1 << 10
	long := strings.Repeat("x", 2*limit)
	for _, c := range []struct{ name, in, want string }{
		{"a long text", `{"id":1,"result":{"text":"` + long + `","n":1}}`, `{"id":1,"result":{"text":"(2048 bytes)","n":1}}`},
		{"a long list", `{"id":1,"result":[` + strings.Repeat(`"abcdefgh",`, limit) + `1]}`, ""},
		{"a deep one", `{"result":` + strings.Repeat(`[`, 900) + `1,"` + long + `"` + strings.Repeat(`]`, 900) + `}`, ""},
		{"many members", `{"result":{` + strings.Repeat(`"abcdefgh":{"a":[1,2]},`, limit) + `"z":1}}`, ""},
		{"a long key", `{"result":{"` + long + `":1,"b":2}}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, cut := new(mask.Masker).Message([]byte(c.in), false, limit)
			if !cut || !json.Valid(got) || len(got) > 4*limit {
				t.Errorf("cut %v, %d bytes: %.200s", cut, len(got), got)
			}
			if c.want != "" && string(got) != c.want {
				t.Errorf("got %s", got)
			}
		})
	}
}
