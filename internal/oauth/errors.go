package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/remora-mcp/remora/internal/wire"
)

// failure is an error of this side's, before anything has been sent.
func failure(code wire.Code, format string, args ...any) *wire.Error {
	return &wire.Error{Code: code, Message: fmt.Sprintf(format, args...), Sent: wire.SentNo}
}

// withChallenge adds what was said of the credentials to an error.
func withChallenge(err *wire.Error, ch wire.Challenge) *wire.Error {
	err.Data, _ = json.Marshal(ch) // it always can
	return err
}

// afterChallenge is err, for a request that the server has seen and refused.
func afterChallenge(err error) error {
	var werr *wire.Error
	if !errors.As(err, &werr) {
		return err
	}
	out := *werr
	out.Sent = wire.SentYes
	return &out
}

// isCode reports whether err is the boundary's error of that code.
func isCode(err error, code wire.Code) bool {
	var werr *wire.Error
	return errors.As(err, &werr) && werr.Code == code
}

// ended reports whether err says that a context ended.
func ended(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// A refusal is an error that an authorization server answered (RFC 6749, section
// 5.2; RFC 7591, section 3.2.2).
type refusal struct {
	name, description string
	status            int
}

func (r *refusal) Error() string {
	text := fmt.Sprintf("the authorization server refuses (status %d)", r.status)
	if r.name != "" {
		text += ": " + r.name
	}
	if r.description != "" {
		text += ": " + r.description
	}
	return text
}

// refused reports whether err is a refusal of one of these names; of any, if
// none is given.
func refused(err error, names ...string) (*refusal, bool) {
	var r *refusal
	if !errors.As(err, &r) {
		return nil, false
	}
	for _, name := range names {
		if r.name == name {
			return r, true
		}
	}
	return r, len(names) == 0
}

// denied is the application's error for a refusal; other errors stay what they
// are.
func denied(err error) error {
	r, ok := refused(err)
	if !ok {
		return err
	}
	return withChallenge(failure(wire.CodeAuthDenied, "%s", r.Error()), wire.Challenge{Error: r.name, Description: r.description})
}

// newRefusal makes a refusal of what an authorization server said. Nothing that
// was sent to it in confidence is repeated.
func newRefusal(status int, name, description string, secrets ...string) *refusal {
	for _, secret := range secrets {
		if len(secret) >= 4 {
			name = strings.ReplaceAll(name, secret, "***")
			description = strings.ReplaceAll(description, secret, "***")
		}
	}
	return &refusal{name: wire.Excerpt([]byte(name)), description: wire.Excerpt([]byte(description)), status: status}
}
