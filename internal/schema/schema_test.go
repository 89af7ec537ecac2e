package schema

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

// check compiles a schema and checks a value.
func check(t *testing.T, schema, value string, o Options) (*Problem, error) {
	t.Helper()
	s, err := Compile([]byte(schema), o)
	if err != nil {
		t.Fatalf("Compile(%s): %v", schema, err)
	}
	return s.Validate([]byte(value))
}

func TestProblemSaysWhere(t *testing.T) {
	for _, test := range []struct{ name, schema, value, want string }{
		{"the whole value", `{"type":"object"}`, `7`, "must be an object"},
		{"a property", `{"properties":{"age":{"minimum":18}}}`, `{"age":7}`, "/age is too small"},
		{"an item of a property", `{"properties":{"a":{"items":{"type":["string","null"]}}}}`, `{"a":["x",7]}`, "/a/1 must be a string or null"},
		{"what is missing", `{"required":["a/b"]}`, `{}`, "/a~1b is missing"},
		{"what is too much", `{"properties":{"a":true},"additionalProperties":false}`, `{"b":1}`, "/b must not be there"},
		{"behind a reference", `{"$ref":"#/$defs/n","$defs":{"n":{"properties":{"n":{"$ref":"#/$defs/n"}},"type":"object"}}}`, `{"n":{"n":[]}}`, "/n/n must be an object"},
		{"what others left over", `{"allOf":[{"properties":{"a":true}}],"unevaluatedProperties":{"type":"string"}}`, `{"a":1,"b":2}`, "/b must be a string"},
	} {
		t.Run(test.name, func(t *testing.T) {
			problem, err := check(t, test.schema, test.value, Options{})
			if err != nil || problem == nil || problem.String() != test.want {
				t.Errorf("got %v, %v; want %q", problem, err, test.want)
			}
		})
	}
}

func TestNothingOfTheValueIsQuoted(t *testing.T) {
	const secret = "canary-8c1f"
	for _, schema := range []string{
		`{"type":"integer"}`, `{"enum":["a"]}`, `{"const":1}`, `{"maxLength":3}`, `{"minLength":99}`, `{"pattern":"^x"}`,
		`{"format":"email"}`, `{"not":{}}`, `{"anyOf":[{"type":"null"},{"const":"b"}]}`, `{"oneOf":[{},{}]}`, `false`,
	} {
		problem, err := check(t, schema, `"`+secret+`"`, Options{Formats: true})
		if err != nil || problem == nil {
			t.Fatalf("%s: %v, %v", schema, problem, err)
		}
		if strings.Contains(problem.String(), secret) {
			t.Errorf("%s: %v", schema, problem)
		}
	}
}

func TestNumbersAreExact(t *testing.T) {
	for _, test := range []struct {
		schema, value string
		fits          bool
	}{
		{`{"const":12345678901234567890}`, `12345678901234567890`, true},
		{`{"const":12345678901234567890}`, `12345678901234567891`, false},
		{`{"maximum":12345678901234567890}`, `12345678901234567891`, false},
		{`{"type":"integer"}`, `12345678901234567890.5`, false},
		{`{"type":"integer"}`, `1e400`, true},
		{`{"type":"integer"}`, `1.0`, true},
		{`{"type":"integer"}`, `1e-1`, false},
		{`{"multipleOf":0.1}`, `0.3`, true},
		{`{"multipleOf":0.1}`, `0.35`, false},
		{`{"multipleOf":7}`, `86419752308641975230`, true},
		{`{"multipleOf":7}`, `86419752308641975231`, false},
		{`{"multipleOf":7}`, `1e999999999999`, true}, // too far apart to say
		{`{"minimum":0}`, `-0.0`, true},
		{`{"exclusiveMinimum":0}`, `1e-99999999999999999999999`, true},
		{`{"enum":[100]}`, `1e2`, true},
		{`{"uniqueItems":true}`, `[1,1.0]`, false},
		{`{"uniqueItems":true}`, `[12345678901234567890,12345678901234567891]`, true},
	} {
		problem, err := check(t, test.schema, test.value, Options{})
		if err != nil || (problem == nil) != test.fits {
			t.Errorf("%s with %s: %v, %v; fits should be %v", test.schema, test.value, problem, err, test.fits)
		}
	}
}

func TestPatterns(t *testing.T) {
	for _, test := range []struct {
		pattern, value string
		fits           bool
	}{
		{`^[A-Z]\d{2}$`, "A42", true},
		{`^[A-Z]\d{2}$`, "A42\n", false},
		{`^\s$`, "\u00a0", true},
		{`^\S$`, "\u2028", false},
		{`^[\s\d]$`, "\ufeff", true},
		{`^.$`, "\u2028", false},
		{`^.$`, "\U0001f41f", true},
		{`^\u0041\u{1f41f}\ud83d\udc1f\x42$`, "A\U0001f41f\U0001f41fB", true},
		{`^\p{Letter}+\p{Script=Greek}$`, "a\u03b1", true},
		{`^[^]$`, "\n", true},
		{`[]`, "a", false},
		{`^[[\]]$`, "]", true},
		{`^(?<year>\d{4})-(?:a|b)$`, "2026-b", true},
		{`^\cJ\/\-$`, "\n/-", true},
	} {
		schema, err := json.Marshal(map[string]string{"pattern": test.pattern})
		if err != nil {
			t.Fatal(err)
		}
		value, err := json.Marshal(test.value)
		if err != nil {
			t.Fatal(err)
		}
		problem, err := check(t, string(schema), string(value), Options{})
		if err != nil || (problem == nil) != test.fits {
			t.Errorf("%s with %q: %v, %v; fits should be %v", test.pattern, test.value, problem, err, test.fits)
		}
	}
}

func TestFormatsOfAnElicitation(t *testing.T) {
	for format, values := range map[string]struct{ good, bad []string }{
		"email":     {[]string{"a@example.com", "first.last+tag@b-c.example", "m@localhost"}, []string{"", "a", "a@", "@b", "a b@c.d", "a@b..c", ".a@b.c", "a@-b.c", "a@b@c", "<a@b.c>"}},
		"uri":       {[]string{"https://example.com/a?b#c", "urn:isbn:0", "mailto:a@b.c"}, []string{"", "a", "/a", "//example.com", "http://a b", "http://[", "https://\u00e4.example"}},
		"date":      {[]string{"2026-07-28", "2024-02-29"}, []string{"", "2026-7-28", "2026-02-29", "28.07.2026", "2026-07-28T00:00:00Z"}},
		"date-time": {[]string{"2026-07-28T12:00:00Z", "2026-07-28t12:00:00.5+02:00"}, []string{"", "2026-07-28", "2026-07-28 12:00:00Z", "2026-07-28T12:00:00", "2026-07-28T25:00:00Z", "2026-07-28T12:00:00,5Z"}},
		"unknown":   {[]string{"anything"}, nil},
	} {
		for i, value := range append(append([]string{}, values.good...), values.bad...) {
			raw, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			problem, err := check(t, `{"format":"`+format+`"}`, string(raw), Options{Formats: true})
			if fits := i < len(values.good); err != nil || (problem == nil) != fits {
				t.Errorf("%s %q: %v, %v; fits should be %v", format, value, problem, err, fits)
			}
			if problem, _ := check(t, `{"format":"`+format+`"}`, string(raw), Options{}); problem != nil {
				t.Errorf("%s %q is checked without being asked for: %v", format, value, problem)
			}
		}
	}
}

func TestUnusable(t *testing.T) {
	deep := strings.Repeat(`{"not":`, 300) + `{}` + strings.Repeat(`}`, 300)
	for _, test := range []struct{ name, schema, why string }{
		{"not JSON", `{`, "not JSON"},
		{"not a schema", `[]`, "an object or a boolean"},
		{"an unknown type", `{"type":"strnig"}`, "/type: there is no such type"},
		{"a count that is none", `{"minLength":-1}`, "/minLength"},
		{"a limit that is no number", `{"minimum":"1"}`, "/minimum"},
		{"a remote reference", `{"$ref":"https://example.com/x.json"}`, "nothing is fetched"},
		{"a file", `{"$ref":"file:///etc/passwd"}`, "nothing is fetched"},
		{"a reference to nothing", `{"$ref":"#/$defs/x"}`, "leads to nothing"},
		{"an anchor that is not there", `{"$ref":"#x"}`, "an anchor that is not there"},
		{"a lookahead", `{"pattern":"^(?=a)"}`, "/pattern: a regular expression looks ahead"},
		{"a back-reference", `{"pattern":"(a)\\1"}`, "refers back"},
		{"a large program", `{"pattern":"(?:abcdefghij){500}"}`, "a program of more than"},
		{"a long pattern", `{"pattern":"` + strings.Repeat("a", 5000) + `"}`, "longer than"},
		{"another dialect", `{"$schema":"https://example.com/dialect"}`, "dialect"},
		{"deep", deep, "nested more than"},
		{"large", `{"description":"` + strings.Repeat("a", MaxBytes) + `"}`, "larger than"},
		{"many", `{"enum":[],"allOf":[` + strings.Repeat(`{},`, maxNodes) + `{}]}`, "schemas within"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Compile([]byte(test.schema), Options{})
			var unusable *Unusable
			if !errors.As(err, &unusable) || !strings.Contains(err.Error(), test.why) {
				t.Errorf("got %v, want %q", err, test.why)
			}
		})
	}
}

// A few lines of schema can ask for more work than there is time, or more stack
// than there is memory.
func TestHostileSchemasEnd(t *testing.T) {
	doubling := `{"$defs":{"a0":{"type":"string"}`
	for i := 1; i < 60; i++ {
		before := `{"$ref":"#/$defs/a` + string(rune('0'+(i-1)/10)) + string(rune('0'+(i-1)%10)) + `"}`
		if i == 1 {
			before = `{"$ref":"#/$defs/a0"}`
		}
		doubling += `,"a` + string(rune('0'+i/10)) + string(rune('0'+i%10)) + `":{"anyOf":[` + before + `,` + before + `]}`
	}
	doubling += `},"$ref":"#/$defs/a59"}`
	for _, test := range []struct{ name, schema, value string }{
		{"itself", `{"$ref":"#"}`, `1`},
		{"in a circle", `{"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/a"}`, `1`},
		{"itself, dynamically", `{"$dynamicAnchor":"x","$dynamicRef":"#x"}`, `1`},
		{"twice as much with each line", doubling, `1`},
		{"an expression on a long text", `{"allOf":[` + strings.Repeat(`{"pattern":"(?:a?){900}b"},`, 50) + `{}]}`, `"` + strings.Repeat("a", 1<<20) + `"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			from := time.Now()
			problem, err := check(t, test.schema, test.value, Options{})
			var unusable *Unusable
			if problem != nil || !errors.As(err, &unusable) {
				t.Errorf("got %v, %v; want that it is unusable", problem, err)
			}
			if took := time.Since(from); took > 20*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func FuzzValidate(f *testing.F) {
	for _, seed := range []struct{ schema, value string }{
		{`{"type":"object","properties":{"a":{"type":"integer","minimum":1e2}},"required":["a"]}`, `{"a":12345678901234567890}`},
		{`{"$ref":"#"}`, `null`},
		{`{"$defs":{"a":{"$dynamicAnchor":"x"}},"$dynamicRef":"#x","unevaluatedProperties":false}`, `{"a":[1,1.0]}`},
		{`{"pattern":"^[\\s\\p{L}]+$","format":"email","not":{"const":{"a":[]}}}`, `"\ud83d"`},
		{`{"$schema":"http://json-schema.org/draft-07/schema#","items":[{}],"additionalItems":false,"dependencies":{"a":["b"]}}`, `[1,2]`},
		{`{"$id":"http://a/b","$anchor":"c","$ref":"d#/x~1y","prefixItems":[true],"contains":{},"multipleOf":0.01}`, `[0.3]`},
	} {
		f.Add(seed.schema, seed.value)
	}
	f.Fuzz(func(t *testing.T, schema, value string) {
		s, err := Compile([]byte(schema), Options{Formats: true})
		if err != nil {
			var unusable *Unusable
			if !errors.As(err, &unusable) {
				t.Errorf("Compile returned %T", err)
			}
			return
		}
		first, err1 := s.Validate([]byte(value))
		second, err2 := s.Validate([]byte(value))
		if (err1 == nil) != (err2 == nil) || (first == nil) != (second == nil) || first != nil && *first != *second {
			t.Errorf("%v, %v and then %v, %v", first, err1, second, err2)
		}
	})
}
