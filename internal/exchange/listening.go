package exchange

import (
	"bytes"
	"context"
	"encoding/json"
	"sync"
)

// listening is what standing is over HTTP: on 2026-07-28, subscriptions/listen
// goes out only for what somebody wants to hear. Before, a server speaks unasked
// on a link, and there is nothing to do.
type listening struct {
	d *Duplex

	mu      sync.Mutex
	sdk     json.RawMessage // the id of the SDK's own request, which is held
	current *Standing
	ended   bool
}

// listenIDs is how the id of each of our requests begins.
var listenIDs = []byte(`"remora-listen-`)

// hold takes the SDK's own request, which is never sent.
func (l *listening) hold(out *outgoing) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sdk = out.ID
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
	defer l.mu.Unlock()
	return l.sdk != nil && bytes.Equal(params.RequestID, l.sdk)
}

// want asks for what is wanted, and gives up what was asked for before as soon as
// that stands; see Transport.Listen.
func (l *listening) want(want Wanted) *Standing {
	f := want.filter()
	l.mu.Lock()
	method, _ := l.d.t.Handshake()
	var sends []*outgoing
	a := l.current
	switch {
	case l.ended || method != methodDiscover || !f.any():
		if l.current != nil {
			sends = append(sends, giveUp(l.current)...)
			l.current = nil
		}
		a = newStanding(filter{})
		a.settle()
	case a == nil || !a.want.equal(f):
		a = newStanding(f)
		a.before, l.current = l.current, a
		_, _, a.out = l.d.t.listenRequest(f)
		sends = append(sends, a.out)
	}
	l.mu.Unlock()
	l.send(sends)
	return a
}

// giveUp ends a subscription and those that it was to take the place of. It
// returns what the server is to be told.
func giveUp(a *Standing) []*outgoing {
	var sends []*outgoing
	for ; a != nil; a = a.before {
		a.settle()
		params := append(append([]byte(`{"requestId":`), a.out.ID...), '}')
		sends = append(sends, &outgoing{JSONRPC: "2.0", Method: methodCancelled, Params: params})
	}
	return sends
}

// send sends without a lock held.
func (l *listening) send(sends []*outgoing) {
	for _, out := range sends {
		l.d.notify(context.Background(), out)
	}
}

// heard takes a notification of the server's, and reports whether it was for
// nobody else: that it listens.
func (l *listening) heard(m *incoming) bool {
	if m.Method != methodAcknowledged {
		return false
	}
	var params struct {
		Notifications filter `json:"notifications"`
	}
	if decode(m.Params, &params) != nil {
		return true
	}
	l.mu.Lock()
	var sends []*outgoing
	if a := l.current; a != nil {
		a.mu.Lock()
		a.granted, a.err = params.Notifications, nil
		a.mu.Unlock()
		a.settle()
		sends = giveUp(a.before)
		a.before = nil
	}
	l.mu.Unlock()
	l.send(sends)
	return true
}

// answered takes an answer, and reports whether it was to a request of ours: the
// server has refused, or ends what it had begun.
func (l *listening) answered(m *incoming) bool {
	if !bytes.HasPrefix(m.ID, listenIDs) {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.current
	if a == nil || !bytes.Equal(a.out.ID, m.ID) {
		return true // given up before
	}
	if m.Error != nil {
		if failure, _, err := rpcFailure(m.Error); err == nil {
			a.refuse(failure)
		}
	}
	l.current, a.before = a.before, nil
	a.settle()
	return true
}

// over notes that the link has ended.
func (l *listening) over() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	for a := l.current; a != nil; a = a.before {
		a.settle()
	}
	l.current = nil
}
