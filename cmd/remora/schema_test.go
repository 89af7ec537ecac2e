package main

import (
	"strings"
	"testing"
)

func TestSchemaTypes(t *testing.T) {
	tests := []struct{ name, schema, want string }{
		{"one", `{"type":"string"}`, "string"},
		{"several", `{"type":["string","null"]}`, "string null"},
		{"any", `{}`, ""},
		{"true", `true`, ""},
		{"const", `{"const":1}`, "integer"},
		{"enum", `{"enum":["a",2.5,null]}`, "null number string"},
		{"alternatives", `{"oneOf":[{"type":"integer"},{"enum":[true]}]}`, "boolean integer"},
		{"an alternative that allows anything", `{"anyOf":[{"type":"integer"},{}]}`, ""},
		{"reference", `{"$ref":"#/$defs/a","$defs":{"a":{"type":"integer"}}}`, "integer"},
		{"older reference", `{"$ref":"#/definitions/a","definitions":{"a":{"type":"integer"}}}`, "integer"},
		{"reference to itself", `{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/a"}}}`, ""},
		{"reference to elsewhere", `{"$ref":"https://example.com/schema"}`, ""},
		{"malformed", `{"type":7}`, ""},
		{"circles", `{"$ref":"#/$defs/a","$defs":{"a":{"anyOf":[` + strings.Repeat(`{"$ref":"#/$defs/a"},`, 200) + `{"type":"null"}]}}}`, ""},
		{"null alternative", `{"anyOf":[null]}`, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := parseSchema([]byte(test.schema))
			if got := strings.Join(s.types(s), " "); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestAMalformedPropertyIsAlone(t *testing.T) {
	s := parseSchema([]byte(`{"properties":{"bad":{"type":{}},"good":{"type":"integer"},"none":null}}`))
	if got := strings.Join(s.names(), " "); got != "bad good" {
		t.Errorf("names = %q", got)
	}
	if got := s.Properties["good"].typeName(s) + " " + s.Properties["bad"].typeName(s); got != "integer any" {
		t.Errorf("types = %q", got)
	}
}

func FuzzSchema(f *testing.F) {
	f.Add(`{"properties":{"a":{"type":"string"}},"required":["a"]}`)
	f.Add(`{"anyOf":[{"$ref":"#/$defs/a"}],"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/a"}]}}}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, text string) {
		s := parseSchema([]byte(text))
		s.types(s)
		for _, name := range s.names() {
			s.Properties[name].typeName(s)
			newField(name, s)
		}
	})
}
