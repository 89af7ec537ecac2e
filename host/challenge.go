package host

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/remora-mcp/remora/internal/wire"
)

// A Challenge is what a server, or its authorization server, said of credentials
// (RFC 6750, section 3; RFC 6749, section 5.2). All of it is theirs: show it with
// care.
type Challenge struct {
	// Scheme is the scheme of the challenge, in lower case: bearer, dpop, basic.
	Scheme string
	// Error is the error's name, as invalid_token or access_denied.
	Error string
	// Description is for a developer to read.
	Description string
	// Scopes are the scopes that are wanted.
	Scopes []string
	// ResourceMetadata is where the server's metadata is said to be (RFC 9728,
	// section 5.1).
	ResourceMetadata string
}

// AsChallenge returns what an error about credentials (auth/...) says; false for
// any other error, and for one that says nothing.
func AsChallenge(err error) (*Challenge, bool) {
	var e *Error
	var data wire.Challenge
	if !errors.As(err, &e) || !strings.HasPrefix(string(e.Code), "auth/") || len(e.Data) == 0 || json.Unmarshal(e.Data, &data) != nil {
		return nil, false
	}
	c := Challenge(data)
	return &c, true
}
