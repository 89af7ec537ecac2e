package core

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/exchange"
	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

// elicitations are those by URL whose completion has not been heard of. A server
// may tell of it at any time, or never (2025-11-25, client/elicitation). The zero
// value is empty.
type elicitations struct {
	mu   sync.Mutex
	open map[string]chan struct{} // closed when complete
	old  []string                 // in the order in which they were asked
}

// maxElicitations bounds how many are waited for; the oldest are forgotten.
const maxElicitations = 256

// ask notes one that is about to be asked, and returns what is closed when it is
// complete.
func (e *elicitations) ask(id string) <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	if done := e.open[id]; done != nil {
		return done
	}
	if len(e.old) >= maxElicitations {
		delete(e.open, e.old[0])
		e.old = e.old[1:]
	}
	if e.open == nil {
		e.open = make(map[string]chan struct{})
	}
	done := make(chan struct{})
	e.open[id] = done
	e.old = append(e.old, id)
	return done
}

// complete notes the end of one, and reports whether it was waited for.
func (e *elicitations) complete(id string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	done := e.open[id]
	if done == nil {
		return false
	}
	close(done)
	delete(e.open, id)
	for i, old := range e.old {
		if old == id {
			e.old = append(e.old[:i:i], e.old[i+1:]...)
			break
		}
	}
	return true
}

// completed takes notifications/elicitation/complete.
func (s *session) completed(params json.RawMessage) {
	var p wire.ElicitationComplete
	if json.Unmarshal(params, &p) != nil || !s.elicitations.complete(p.ElicitationID) {
		s.core.drop("the completion of an elicitation that is not open")
		return
	}
	s.tell(0, "elicitationComplete", params)
}

const (
	// completionTime bounds the wait for a person who is on another page.
	completionTime = 5 * time.Minute
	// maxVisits bounds the pages that one refusal may ask for.
	maxVisits = 8
)

// visit does what a server's URLElicitationRequired error asks for (2025-11-25,
// client/elicitation): it has the application send the person to each page, and
// waits until the server says that they are done. It reports whether the request
// is to be made again; the server has not executed it. While it waits, the call
// does not time out for silence.
func (s *session) visit(ctx context.Context, cl *call, cn *conn, refused *wire.Error) (again bool, err error) {
	if refused == nil || refused.RPCCode != mcp.CodeURLElicitationRequired || s.once || cn.modern() ||
		!s.answers("elicitation/create") || !slices.Contains(s.elicitModes(), modeURL) {
		return false, nil
	}
	var data struct {
		Elicitations []json.RawMessage `json:"elicitations"`
	}
	if json.Unmarshal(refused.Data, &data) != nil || len(data.Elicitations) == 0 || len(data.Elicitations) > maxVisits {
		return false, nil
	}
	var waits []<-chan struct{}
	for _, raw := range data.Elicitations {
		var params wire.Elicit
		if json.Unmarshal(raw, &params) != nil || params.Mode != modeURL || params.ElicitationID == "" {
			return false, nil
		}
		waits = append(waits, s.elicitations.ask(params.ElicitationID))
	}
	cl.beginAsk()
	defer cl.endAsk()
	for _, raw := range data.Elicitations {
		answer, err := s.elicit(ctx, exchange.Question{Params: raw, Call: cl.id})
		if failed := new(questionError); errors.As(err, &failed) {
			failed.end(cl)
		}
		if err != nil {
			return false, err
		}
		if _, action, err := readElicited(answer); err != nil || action != "accept" {
			return false, err
		}
	}
	over, stop := port.After(s.core.clock, completionTime)
	defer stop()
	for _, done := range waits {
		select {
		case <-done:
		case <-over:
			return false, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
	return true, nil
}
