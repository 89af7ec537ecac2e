package exchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"

	"github.com/remora-mcp/remora/internal/wire"
)

// Restored is what a connection begins with that continues an older one, in
// place of a handshake. None of it is trusted; see Check.
type Restored struct {
	// Result is the raw result of the request that opened the older connection:
	// of server/discover if Modern, otherwise of initialize.
	Result json.RawMessage
	Modern bool
	// SessionID is the Mcp-Session-Id that the server gave, before 2026-07-28;
	// empty if it gave none.
	SessionID string
	// LastEventID is where the standing stream was, before 2026-07-28.
	LastEventID string
	// Tools is a list of tools, raw, for which the SDK has to repeat arguments in
	// headers (2026-07-28); nil for none.
	Tools json.RawMessage
}

// maxStoredHeaderBytes bounds a session's or an event's id that is kept.
const maxStoredHeaderBytes = 4 << 10

// Check returns why r cannot be used, or nil. It bounds the nesting of what
// decoders will see, and keeps bytes out of headers that no header may hold.
// No error quotes an id.
func (r *Restored) Check(limits wire.Limits) error {
	limits = limits.WithDefaults()
	for _, raw := range []json.RawMessage{r.Result, r.Tools} {
		if err := checkDepth(raw, limits.MaxDepth); err != nil {
			return err
		}
	}
	switch {
	case firstByte(r.Result) != '{':
		return errors.New("the handshake's result is not an object")
	case r.Tools != nil && firstByte(r.Tools) != '[':
		return errors.New("the tools are not a list")
	case !StorableID(r.SessionID):
		return errors.New("the session's id is none")
	case !StorableID(r.LastEventID):
		return errors.New("the last event's id is none")
	case r.Modern && (r.SessionID != "" || r.LastEventID != ""):
		return errors.New("its revision of the protocol has no sessions")
	case !r.Modern && r.Tools != nil:
		return errors.New("its revision of the protocol has no tools that want headers")
	}
	return nil
}

// StorableID reports whether an id can be kept and sent again as a header's
// value; the empty one can.
func StorableID(id string) bool {
	for i := 0; i < len(id); i++ {
		if id[i] < 0x20 || id[i] > 0x7e {
			return false
		}
	}
	return len(id) <= maxStoredHeaderBytes
}

// restoring is what a Transport keeps of a Restored.
type restoring struct {
	from *Restored // until the SDK has begun
	ids  string    // how ids begin; empty to leave them
}

// Restore makes the connection continue an older one: until Begun, the SDK's
// requests are answered from r, and nothing goes out. It is called once, before
// anything else, with an r that has been checked.
func (t *Transport) Restore(r *Restored) {
	t.restoring.from = r
	t.standing.resumeFrom = r.LastEventID
	if !r.Modern {
		// An id must not have been used before in a session (2025-11-25, basic),
		// and a call of the older connection may still be under way: its answer
		// would be taken for another's. The SDK counts from 1.
		t.restoring.ids = "r" + strconv.FormatUint(uint64(rand.Uint32()), 36) + "-"
	}
}

// Begun ends what Restore began: from here on requests go out.
func (t *Transport) Begun() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.restoring.from = nil
}

func (t *Transport) restoredFrom() *Restored {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.restoring.from
}

// restoredCall answers a request of the SDK's from r.
func (t *Transport) restoredCall(req *http.Request, out *outgoing, call *Call, r *Restored) *http.Response {
	var result json.RawMessage
	switch {
	case out.Method == methodDiscover && r.Modern, out.Method == methodInitialize && !r.Modern:
		result = r.Result
	case out.Method == methodListTools && r.Tools != nil:
		list, _ := json.Marshal(struct {
			Tools json.RawMessage `json:"tools"`
		}{r.Tools}) // raw JSON can be
		if stub, _, err := stubToolList(call, list); err == nil {
			result = stub
		}
	}
	if result == nil {
		failure := &wire.Error{Code: wire.CodeLocalBadArgument, Message: "what was restored has no answer to " + out.Method, Sent: wire.SentNo}
		return t.failed(req, out, call, failure)
	}
	if out.Method != methodListTools {
		t.remember(req, out, result)
	}
	answer := synthetic(req, http.StatusOK, "application/json", io.NopCloser(bytes.NewReader(answerBytes(out.ID, result, nil))))
	if r.SessionID != "" && out.Method == methodInitialize {
		answer.Header.Set(sessionHeader, r.SessionID)
	}
	return answer
}

// renamed gives a request of a restored session an id that the session has not
// seen.
func (t *Transport) renamed(out *outgoing) *outgoing {
	if t.restoring.ids == "" {
		return out
	}
	return &outgoing{JSONRPC: out.JSONRPC, ID: t.rename(out.ID), Method: out.Method, Params: out.Params, sdkID: out.ID}
}

// renamedCancel makes the cancellation of a renamed request name it.
func (t *Transport) renamedCancel(out *outgoing) *outgoing {
	var params struct {
		RequestID json.RawMessage `json:"requestId"`
	}
	if t.restoring.ids == "" || decode(out.Params, &params) != nil || len(params.RequestID) == 0 {
		return out
	}
	return withParams(out, map[string]json.RawMessage{"requestId": t.rename(params.RequestID)})
}

func (t *Transport) rename(id json.RawMessage) json.RawMessage {
	return fmt.Appendf(nil, `"%s%s"`, t.restoring.ids, bytes.Trim(id, `"`)) // the SDK's are numbers
}

// LastEventID returns the id of the last event on the standing stream of a
// revision before 2026-07-28, if that stands or is still to be continued;
// otherwise it is empty.
func (t *Transport) LastEventID() string {
	s := &t.standing
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begun {
		return s.lastID
	}
	return s.resumeFrom
}

// Forget leaves the server's session alone when the connection is closed: it is
// not told of the end.
func (t *Transport) Forget() { t.markGone() }

// begins returns the id of the event after which a stream begins, if it
// continues that of an older connection.
func (s *standing) begins(a *Standing) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.out != nil {
		return ""
	}
	s.lastID, s.resumeFrom = s.resumeFrom, ""
	return s.lastID
}

// reached notes the id of a stream's last event; empty if there is none to
// continue from.
func (s *standing) reached(a *Standing, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.out == nil {
		s.lastID = id
	}
}
