package host

import (
	"encoding/json"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// A SessionState says how a session is connected.
type SessionState string

// The states of a session.
const (
	StateConnecting   SessionState = wire.StateConnecting   // being opened for the first time
	StateReady        SessionState = wire.StateReady        // calls go through
	StateReconnecting SessionState = wire.StateReconnecting // being opened again
	StateLost         SessionState = wire.StateLost         // gone; the next call tries to open it again
	StateClosed       SessionState = wire.StateClosed       // closed for good; nothing follows
)

// A StateChange is the data of Events.State.
type StateChange struct {
	State SessionState
	// Reason says why, where the change was not asked for.
	Reason string
	// Attempt counts the attempts of a session that is StateReconnecting, from 1;
	// each is told. NextDelay is how long it is waited for.
	Attempt   int
	NextDelay time.Duration
}

// Events are callbacks for what happens in a session outside of a call's
// result. Nil ones are not called. They run one at a time, in order, on a
// goroutine of the session; none of them delays a call. If they fall behind by
// more than 10,000 events, or 8 MiB, the oldest are left out.
type Events struct {
	// State is called when the session's connection changes.
	State func(StateChange)
	// Log is called when the server logs something, or, with the Logger
	// StderrLogger, when a server that is a program wrote a line to its stderr.
	//
	//lint:ignore SA1019 logging is deprecated as of 2026-07-28 and part of the older revisions
	Log func(*mcp.LoggingMessageParams)
	// ToolsChanged is called when the server's list of tools changed.
	ToolsChanged func()
	// ElicitationComplete is called when something that the server asked for by
	// URL, in this session, is done.
	ElicitationComplete func(*mcp.ElicitationCompleteParams)
	// PromptsChanged is called when the server's list of prompts changed.
	PromptsChanged func()
	// ResourcesChanged is called when the server's lists of resources or
	// resource templates changed.
	ResourcesChanged func()
	// ResourceUpdated is called when a resource changed that the session is
	// subscribed to (Session.Subscribe), or a part of one.
	ResourceUpdated func(*mcp.ResourceUpdatedNotificationParams)
	// Progress is called for the progress of every call of the session, beside
	// the call's own OnProgress. ProgressToken is the one in the call's _meta
	// if it has one, otherwise a number of remora's own.
	Progress func(*mcp.ProgressNotificationParams)
	// Trace is called for everything that goes over the network, with what
	// could be a secret masked. It costs something only while there is a
	// callback for it.
	Trace func(TraceEvent)
}

// The events of wire.Listened, of which the core has to know, and the callback of
// each.
var listenEvents = []struct {
	name string
	has  func(*Events) bool
}{
	{"log", func(e *Events) bool { return e.Log != nil }},
	{"promptsChanged", func(e *Events) bool { return e.PromptsChanged != nil }},
	{"resourceUpdated", func(e *Events) bool { return e.ResourceUpdated != nil }},
	{"resourcesChanged", func(e *Events) bool { return e.ResourcesChanged != nil }},
	{"toolsChanged", func(e *Events) bool { return e.ToolsChanged != nil }},
	{"trace", wantsTrace},
}

// On registers callbacks for what comes from now on, and returns what removes
// them again: an event that comes after stop is not delivered to them. Neither
// blocks. What the server has
// to do for an event to come (open a stream, say) begins in the background, only
// while there is a callback for it; calls made after On come after that.
func (s *Session) On(e Events) (stop func()) {
	s.listeners.mu.Lock()
	id := s.listeners.next
	s.listeners.next++
	if s.listeners.all == nil {
		s.listeners.all = make(map[int]*Events)
	}
	s.listeners.all[id] = &e
	s.listeners.mu.Unlock()
	s.listen()
	return sync.OnceFunc(func() {
		s.listeners.mu.Lock()
		delete(s.listeners.all, id)
		s.listeners.mu.Unlock()
		s.listen()
	})
}

// listeners are the callbacks of one session and the events on their way to
// them.
type listeners struct {
	mu      sync.Mutex
	all     map[int]*Events
	next    int
	queue   eventList
	running bool // a goroutine delivers the queue
	closed  bool // the last event is in the queue
	state   SessionState
	attempt int // of StateReconnecting
}

// has reports whether there is a callback that which selects.
func (l *listeners) has(which func(*Events) bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.all {
		if which(e) {
			return true
		}
	}
	return false
}

// snapshot returns the callbacks with a number below before, in the order of
// their registration.
func (l *listeners) snapshot(before int) []*Events {
	l.mu.Lock()
	defer l.mu.Unlock()
	ids := make([]int, 0, len(l.all))
	for id := range l.all {
		if id < before {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	out := make([]*Events, len(ids))
	for i, id := range ids {
		out[i] = l.all[id]
	}
	return out
}

// publish queues an event for the session's callbacks and makes sure that a
// goroutine delivers it.
func (s *Session) publish(e event) {
	l := &s.listeners
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.all) == 0 {
		return
	}
	e.before = l.next
	l.queue.push(e)
	if !l.running {
		l.running = true
		go s.deliverEvents()
	}
}

// publishState queues a change of state, unless it is none.
func (s *Session) publishState(state SessionState, reason string) {
	s.publishChange(wire.State{State: string(state), Reason: reason})
}

// publishChange queues a change of state, or the next attempt to reconnect.
func (s *Session) publishChange(change wire.State) {
	state := SessionState(change.State)
	l := &s.listeners
	l.mu.Lock()
	same := l.state == state && l.attempt == change.Attempt || l.closed
	l.state, l.attempt = state, change.Attempt
	l.mu.Unlock()
	if same {
		return
	}
	s.publish(event{name: "state", data: mustJSON(change)})
	if state == StateClosed {
		l.mu.Lock()
		l.closed = true
		l.mu.Unlock()
	}
}

// state is the state that was published last.
func (s *Session) state() SessionState {
	s.listeners.mu.Lock()
	defer s.listeners.mu.Unlock()
	return s.listeners.state
}

// deliverEvents calls the callbacks until the queue is empty.
func (s *Session) deliverEvents() {
	l := &s.listeners
	for {
		l.mu.Lock()
		events, dropped := l.queue.take()
		if len(events) == 0 {
			l.running = false
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
		if dropped > 0 {
			s.rt.opts.Logger.Warn("events were dropped, because the application's callbacks are too slow", "events", dropped)
		}
		for _, e := range events {
			for _, callbacks := range s.listeners.snapshot(e.before) {
				s.deliver(e, callbacks)
			}
		}
	}
}

// deliver calls the callback for one event.
func (s *Session) deliver(e event, to *Events) {
	defer func() {
		if p := recover(); p != nil {
			s.rt.opts.Logger.Error("an event's callback panicked", "event", e.name, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	var err error
	switch e.name {
	case "state":
		var data wire.State
		if err = json.Unmarshal(e.data, &data); err == nil && to.State != nil {
			to.State(stateChange(data))
		}
	case "log":
		if to.Log != nil {
			//lint:ignore SA1019 see Events.Log
			var data mcp.LoggingMessageParams
			if err = json.Unmarshal(e.data, &data); err == nil {
				to.Log(&data)
			}
		}
	case "toolsChanged":
		if to.ToolsChanged != nil {
			to.ToolsChanged()
		}
	case "elicitationComplete":
		if to.ElicitationComplete != nil {
			var data mcp.ElicitationCompleteParams
			if err = json.Unmarshal(e.data, &data); err == nil {
				to.ElicitationComplete(&data)
			}
		}
	case "promptsChanged":
		if to.PromptsChanged != nil {
			to.PromptsChanged()
		}
	case "resourcesChanged":
		if to.ResourcesChanged != nil {
			to.ResourcesChanged()
		}
	case "resourceUpdated":
		if to.ResourceUpdated != nil {
			var data mcp.ResourceUpdatedNotificationParams
			if err = json.Unmarshal(e.data, &data); err == nil {
				to.ResourceUpdated(&data)
			}
		}
	case "progress":
		if to.Progress != nil {
			var data mcp.ProgressNotificationParams
			if err = json.Unmarshal(e.data, &data); err == nil {
				to.Progress(&data)
			}
		}
	case "trace":
		if to.Trace != nil {
			var data TraceEvent
			if data, err = s.network().traceEvent(e.data); err == nil {
				to.Trace(data)
			}
		}
	}
	if err != nil {
		s.rt.opts.Logger.Warn("an event of the server cannot be decoded", "event", e.name, "error", err)
	}
}

// told takes an event of the session, or of one of its calls (c, otherwise
// nil), from an instance. It does not block.
func (s *Session) told(l *link, c *call, e event) {
	if e.name == "progress" {
		if c == nil {
			return
		}
		if c.progress {
			c.push(e)
		}
		if s.listeners.has(wantsProgress) {
			if data, err := withToken(e.data, c.token, c.id); err == nil {
				s.publish(event{name: e.name, data: data})
			}
		}
		return
	}
	if !l.active.Load() {
		return
	}
	if e.name != "state" {
		s.publish(e)
		return
	}
	var data wire.State
	if err := json.Unmarshal(e.data, &data); err != nil {
		s.rt.opts.Logger.Warn("the plugin's state event cannot be decoded", "error", err)
		return
	}
	if data.State == wire.StateConnecting && c != nil && c.again {
		return // it was announced as reconnecting
	}
	s.publishChange(data)
}

func wantsProgress(e *Events) bool { return e.Progress != nil }

// withToken puts the progress token that the application knows into the data of
// a progress event.
func withToken(data []byte, token any, id uint32) ([]byte, error) {
	params, err := progressParams(data, token, id)
	if err != nil {
		return nil, err
	}
	return json.Marshal(params)
}

// progressParams decodes a progress event. The token is the application's, or
// the call's number if it gave none.
func progressParams(data []byte, token any, id uint32) (*mcp.ProgressNotificationParams, error) {
	var params mcp.ProgressNotificationParams
	if err := json.Unmarshal(data, &params); err != nil {
		return nil, fmt.Errorf("progress event: %w", err)
	}
	params.ProgressToken = token
	if token == nil {
		params.ProgressToken = int64(id)
	}
	return &params, nil
}

// listen tells the instance which events somebody listens to, if that changed.
// It does not block: the answer is awaited in the background.
func (s *Session) listen() {
	s.listenMu.Lock()
	defer s.listenMu.Unlock()
	l := s.current()
	if l == nil {
		return // said when the session is opened again
	}
	names := []string{}
	for _, row := range listenEvents {
		if s.listeners.has(row.has) {
			names = append(names, row.name)
		}
	}
	if slices.Equal(names, l.listened) {
		return
	}
	c := newCall(s.ctx)
	c.link = l
	if l.d.begin(c, wire.Call{Command: "listen", Session: l.number}, mustJSON(wire.Listen{Events: names})) != nil {
		return
	}
	l.listened = names
	go func() {
		if _, e := c.wait(nil); e != nil && s.ctx.Err() == nil {
			s.rt.opts.Logger.Warn("the server cannot be listened to", "events", names, "error", e)
		}
	}()
}
