package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/remora-mcp/remora/internal/wire"
)

// failure is an error of this side's, before anything has been sent. Each %s in
// text becomes one of what, as far as an error may show it. (Package fmt would
// take more of the guest.)
func failure(code wire.Code, text string, what ...string) *wire.Error {
	for _, w := range what {
		text = strings.Replace(text, "%s", shown(strings.ReplaceAll(w, "%s", "%")), 1)
	}
	return &wire.Error{Code: code, Message: text, Sent: wire.SentNo}
}

// shown is what an error shows of a text that is not ours.
func shown(text string) string { return wire.Excerpt([]byte(text)) }

// withChallenge adds what was said of the credentials to an error.
func withChallenge(err *wire.Error, ch *wire.Challenge) *wire.Error {
	err.Data, _ = json.Marshal(ch) // it always can
	return err
}

// afterChallenge is err, for a request that the server has seen and refused. What
// the application itself says of a person who does not agree is auth/denied,
// whatever it calls it: it is not to be asked again for the same request.
func afterChallenge(err error) error {
	var werr *wire.Error
	if !errors.As(err, &werr) {
		return err
	}
	out := *werr
	out.Sent = wire.SentYes
	family, _, _ := strings.Cut(string(out.Code), "/")
	switch {
	case family == "auth", family == "policy", out.Code == wire.CodeLocalClosed,
		out.Code == wire.CodeHTTPNetwork, out.Code == wire.CodeHTTPCORS:
	default:
		out.Code = wire.CodeAuthDenied
	}
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
	text := "the authorization server refuses"
	if r.status != 0 {
		text += " (status " + strconv.Itoa(r.status) + ")"
	}
	for _, said := range []string{r.name, r.description} {
		if said != "" {
			text += ": " + said
		}
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
	return r.as(wire.CodeAuthDenied)
}

// as is the application's error for a refusal.
func (r *refusal) as(code wire.Code) *wire.Error {
	return withChallenge(&wire.Error{Code: code, Message: r.Error(), Sent: wire.SentNo}, &wire.Challenge{Error: r.name, Description: r.description})
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
	return &refusal{name: shown(name), description: shown(description), status: status}
}
