package host

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/remora-mcp/remora/internal/wire"
)

// SnapshotOptions configure Session.Snapshot. The zero value is ready to use.
type SnapshotOptions struct {
	// Cache adds lists and resources that are kept and fresh (2026-07-28), up to
	// 128 KiB.
	Cache bool

	// Credentials adds the headers that the session was given, and the token of
	// this moment, in the member headers of the snapshot's secret; and what
	// ConnectOptions.Auth has come to, so that who has not the same
	// AuthOptions.Store can go on. Without, they are given to Runtime.Restore.
	Credentials bool
}

// Snapshot returns what the session needs to go on elsewhere, in a process of
// whatever language, where restoring takes it: a small JSON value of one version
// of remora's snapshots. Nothing is sent, and the session goes on. Calls under
// way are not part of it, and answers that are kept only if o asks for them. Only a
// session over streamable HTTP has one; for others it is CodeLocalUnsupported. Nil
// options are the zero value.
//
// Whatever is in its member secret is to be kept like a password: the session's
// id before 2026-07-28, and the application's headers if o asks for them.
func (s *Session) Snapshot(ctx context.Context, o *SnapshotOptions) (json.RawMessage, error) {
	if o == nil {
		o = new(SnapshotOptions)
	}
	raw, err := s.request(ctx, "snapshot", wire.Snapshot{Cache: o.Cache, Credentials: o.Credentials}, nil)
	if err != nil || !o.Credentials || s.net == nil {
		return raw, err
	}
	headers := make(http.Header)
	if err := s.net.creds.add(ctx, headers); err != nil {
		return nil, err
	}
	if len(headers) == 0 {
		return raw, nil
	}
	var snapshot wire.SnapshotResult
	if err := json.Unmarshal(raw, &snapshot); err != nil {
		return nil, trapError(err)
	}
	if snapshot.Secret == nil {
		snapshot.Secret = new(wire.SnapshotSecret)
	}
	for name, values := range headers {
		for _, value := range values {
			snapshot.Secret.Headers = append(snapshot.Secret.Headers, [2]string{name, value})
		}
	}
	slices.SortStableFunc(snapshot.Secret.Headers, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return json.Marshal(snapshot)
}

// Restore goes on with the session of a snapshot, with the server at url, in
// another process than it was taken in, perhaps. No handshake is made: the first
// request is the first call's. If the server has forgotten the session, it is
// opened anew then.
//
// What is no snapshot, of another version of remora's snapshots or of another
// server than the one at url is CodeLocalBadArgument, before any traffic. The
// options are those of Connect; credentials in the snapshot are used if the
// options have neither Headers nor Token. The caller closes the session.
func (rt *Runtime) Restore(ctx context.Context, url string, snapshot json.RawMessage, o *ConnectOptions) (*Session, error) {
	clean, headers, err := readSnapshot(snapshot)
	if err != nil {
		return nil, err
	}
	var options ConnectOptions
	if o != nil {
		options = *o
	}
	if options.Headers == nil && options.Token == nil {
		options.Headers = headers
	}
	s, err := rt.newHTTPSession(url, &options)
	if err != nil {
		return nil, err
	}
	s.restores = clean
	return s.connect(ctx)
}

// readSnapshot takes the application's own headers out of a snapshot, which the
// plugin must not see. What else is in it the plugin judges.
func readSnapshot(raw json.RawMessage) (clean json.RawMessage, headers http.Header, err error) {
	if len(raw) > wire.MaxSnapshotBytes {
		return nil, nil, failure(CodeLocalBadArgument, "the snapshot is larger than %d bytes", wire.MaxSnapshotBytes)
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil || members == nil {
		return nil, nil, failure(CodeLocalBadArgument, "not a snapshot of remora's: a JSON object that Snapshot returned")
	}
	var secret map[string]json.RawMessage
	if json.Unmarshal(members["secret"], &secret) == nil && secret != nil {
		var pairs [][]string
		if kept := secret["headers"]; kept != nil && json.Unmarshal(kept, &pairs) != nil {
			return nil, nil, failure(CodeLocalBadArgument, "the snapshot's secret.headers has the wrong type")
		}
		for _, pair := range pairs {
			if len(pair) != 2 {
				return nil, nil, failure(CodeLocalBadArgument, "the snapshot's secret.headers has the wrong type")
			}
			if headers == nil {
				headers = make(http.Header)
			}
			headers.Add(pair[0], pair[1])
		}
		delete(secret, "headers")
		if members["secret"], err = json.Marshal(secret); err != nil {
			return nil, nil, asError(err, CodeLocalBadArgument)
		}
	}
	if clean, err = json.Marshal(members); err != nil {
		return nil, nil, asError(err, CodeLocalBadArgument)
	}
	return clean, headers, nil
}

// restoredLocked notes what a snapshot brought, for when the session is opened again.
// It is called with mu held, when the plugin has taken the snapshot.
func (s *Session) restoredLocked() {
	if s.restores == nil {
		return
	}
	var snapshot wire.SnapshotResult
	if json.Unmarshal(s.restores, &snapshot) == nil {
		if s.logLevel == "" {
			s.logLevel = snapshot.LogLevel
		}
		for _, uri := range snapshot.Subscriptions {
			if s.subscriptions == nil {
				s.subscriptions = make(map[string]bool)
			}
			s.subscriptions[uri] = true
		}
	}
	s.restores = nil
}

// Leave is Close without a word to the server, which keeps the session for a
// snapshot of it that is to go on.
func (s *Session) Leave() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return s.end(ctx, wire.Close{Keep: true})
}
