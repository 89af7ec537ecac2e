package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/host"
)

func TestParseHeaders(t *testing.T) {
	t.Setenv("REMORA_TEST_AUTH", "Bearer from-the-environment")
	got, err := parseHeaders([]string{"X-One: 1", "x-one:2", "X-Colon: a:b"}, []string{"Authorization=REMORA_TEST_AUTH"})
	if err != nil {
		t.Fatal(err)
	}
	if values := got.Values("X-One"); strings.Join(values, " ") != "1 2" {
		t.Errorf("X-One = %q", values)
	}
	if got.Get("X-Colon") != "a:b" || got.Get("Authorization") != "Bearer from-the-environment" {
		t.Errorf("got %v", got)
	}
}

func TestHeaderErrorsQuoteNoSecret(t *testing.T) {
	const secret = "sk-verysecret"
	for _, test := range []struct{ given, env, want string }{
		{given: secret, want: "no colon"},
		{given: "Bearer " + secret + ": x", want: "not a header's name"},
		{given: ": " + secret, want: "not a header's name"},
		{env: secret, want: "Name=VARIABLE"},
		{env: "X-Key=" + secret, want: "X-Key"}, // the value in place of the variable
	} {
		var given, env []string
		if test.given != "" {
			given = []string{test.given}
		}
		if test.env != "" {
			env = []string{test.env}
		}
		_, err := parseHeaders(given, env)
		if err == nil || !strings.Contains(err.Error(), test.want) || exitStatus(err) != exitUsage {
			t.Errorf("%q %q: got %v, want %q", test.given, test.env, err, test.want)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("the error quotes the secret: %v", err)
		}
	}
}

func TestRedactor(t *testing.T) {
	r := newRedactor([]string{"Bearer sk-12345678", "on"})
	if got, want := r.text("on: no access for sk-12345678 (Bearer sk-12345678), Bearer wanted"), "on: no access for [redacted] ([redacted]), Bearer wanted"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	err := r.error(&host.Error{Code: host.CodeAuthDenied, Message: "bad token sk-12345678\x1b[0m"})
	if got, want := err.Error(), `auth/denied: bad token [redacted]\u001b[0m`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	var e *host.Error
	if !errors.As(err, &e) {
		t.Error("the error behind it is gone")
	}
}
