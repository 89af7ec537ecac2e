package exchange

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sync"
)

// listening is what standing is over HTTP: the SDK's subscriptions/listen
// (2026-07-28), which it sends with the session, is held back and goes out only
// while somebody listens. Before 2026-07-28 a server speaks unasked, and there
// is nothing to do.
type listening struct {
	d *Duplex

	mu     sync.Mutex
	out    *outgoing // the SDK's; nil if it has not come
	wanted bool
	id     json.RawMessage // of the request that is out; nil if none is
	count  int
	begun  chan struct{} // closed when the server listens, or does not
	open   bool          // begun is still to be closed
}

// methodAcknowledged is the server's word that it listens.
const methodAcknowledged = "notifications/subscriptions/acknowledged"

// listensToLists reports whether a subscriptions/listen is about lists alone.
// One about resources is somebody's explicit wish.
func listensToLists(out *outgoing) bool {
	var params struct {
		Notifications struct {
			ResourceSubscriptions []json.RawMessage `json:"resourceSubscriptions"`
		} `json:"notifications"`
	}
	return decode(out.Params, &params) == nil && len(params.Notifications.ResourceSubscriptions) == 0
}

// hold takes the SDK's request.
func (l *listening) hold(out *outgoing) {
	l.mu.Lock()
	l.out = out
	l.mu.Unlock()
	l.update()
}

// want says whether somebody listens; see Transport.Listen.
func (l *listening) want(on bool) <-chan struct{} {
	l.mu.Lock()
	l.wanted = on
	l.mu.Unlock()
	return l.update()
}

// update brings what is out in line with what is wanted.
func (l *listening) update() <-chan struct{} {
	l.mu.Lock()
	var message *outgoing
	switch {
	case l.wanted && l.out != nil && l.id == nil:
		l.count++
		l.id = json.RawMessage(fmt.Sprintf(`"remora-listen-%d"`, l.count))
		message = &outgoing{JSONRPC: l.out.JSONRPC, ID: l.id, Method: l.out.Method, Params: l.out.Params}
		l.begun, l.open = make(chan struct{}), true
	case !l.wanted && l.id != nil:
		params := append(append([]byte(`{"requestId":`), l.id...), '}')
		message = &outgoing{JSONRPC: "2.0", Method: methodCancelled, Params: params}
		l.id = nil
		l.stands()
	}
	begun := l.begun
	l.mu.Unlock()
	if message != nil {
		l.d.notify(context.Background(), message)
	}
	return begun
}

// stands notes that there is nothing more to wait for. It is called with mu
// held.
func (l *listening) stands() {
	if l.open {
		l.open = false
		close(l.begun)
	}
}

// cancelled takes the SDK's cancellation of the request that is held, and
// reports whether it was that one.
func (l *listening) cancelled(notice *outgoing) bool {
	var params struct {
		RequestID json.RawMessage `json:"requestId"`
	}
	if decode(notice.Params, &params) != nil {
		return false
	}
	l.mu.Lock()
	ours := l.out != nil && bytes.Equal(params.RequestID, l.out.ID)
	l.mu.Unlock()
	if ours {
		l.want(false)
	}
	return ours
}

// heard takes a notification of the server's.
func (l *listening) heard(m *incoming) {
	if m.Method != methodAcknowledged {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stands()
}

// answered takes an answer, and reports whether it was to the request that is
// out: the server has refused, or ends what it had begun.
func (l *listening) answered(m *incoming) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.id == nil || !bytes.Equal(l.id, m.ID) {
		return false
	}
	l.id = nil
	l.stands()
	return true
}

// over notes that the link has ended.
func (l *listening) over() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wanted, l.id = false, nil
	l.stands()
}
