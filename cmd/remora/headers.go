package main

import (
	"errors"
	"net/http"
	"os"
	"strings"

	"github.com/remora-mcp/remora/host"
)

// minSecretBytes is the length from which a value is taken for a secret: striking
// out every "1" would make messages unreadable.
const minSecretBytes = 6

// parseHeaders reads the values of --header ("Name: value") and --header-env
// ("Name=VARIABLE"). Its errors quote no value, since that is where keys are.
func parseHeaders(given, fromEnv []string) (http.Header, error) {
	headers := http.Header{}
	for _, h := range given {
		name, value, ok := strings.Cut(h, ":")
		if !ok {
			return nil, usage(`--header is written "Name: value"; one that was given has no colon`)
		}
		if !isHeaderName(name) {
			return nil, usage("--header is written \"Name: value\"; what stands before a colon is not a header's name")
		}
		headers.Add(name, strings.TrimSpace(value))
	}
	for _, h := range fromEnv {
		name, variable, ok := strings.Cut(h, "=")
		if !ok || !isHeaderName(name) || variable == "" {
			return nil, usage("--header-env is written Name=VARIABLE")
		}
		value, ok := os.LookupEnv(variable)
		if !ok {
			return nil, usage("--header-env %s: there is no environment variable of the name given", name)
		}
		headers.Add(name, strings.TrimSpace(value))
	}
	return headers, nil
}

// isHeaderName reports whether s is a token of RFC 9110, section 5.6.2.
func isHeaderName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		alnum := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !alnum && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

// A redactor strikes secrets out of what this program says itself: messages,
// progress and questions, which can hold what a server echoes.
type redactor struct{ replacer *strings.Replacer }

func newRedactor(secrets []string) *redactor {
	var pairs []string
	for _, v := range secrets {
		// The whole goes first; of a header's "Bearer KEY" also the key alone.
		for _, secret := range append([]string{v}, strings.Fields(v)...) {
			if len(secret) >= minSecretBytes && !strings.EqualFold(secret, "bearer") {
				pairs = append(pairs, secret, "[redacted]")
			}
		}
	}
	return &redactor{strings.NewReplacer(pairs...)}
}

func (r *redactor) text(s string) string { return r.replacer.Replace(s) }

// error returns err with its text free of secrets, and of control characters
// that a server may have put there.
func (r *redactor) error(err error) error {
	if err == nil || errors.Is(err, errToolFailed) {
		return err
	}
	text := r.text(harmless(err.Error()))
	var e *host.Error
	if errors.As(err, &e) && e.Code == host.CodePolicyHandlerMissing {
		text += " (" + noForms + ")"
	}
	return &spokenError{text, err}
}

// A spokenError is an error with another text.
type spokenError struct {
	text string
	err  error
}

func (e *spokenError) Error() string { return e.text }
func (e *spokenError) Unwrap() error { return e.err }
