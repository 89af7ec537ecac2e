package core

import (
	"encoding/json"
	"slices"

	"github.com/remora-mcp/remora/internal/wire"
)

// sink is a session's ear for what the server says outside of answers.
type sink struct{ s *session }

// Notification turns a notification into a tell, if somebody is to hear it.
func (k sink) Notification(method string, params json.RawMessage) {
	s := k.s
	switch method {
	case "notifications/tools/list_changed":
		s.cache.drop(methodListTools)
	case "notifications/prompts/list_changed":
		s.cache.drop(methodListPrompts)
	case "notifications/resources/list_changed":
		s.cache.drop(methodListResources)
		s.cache.drop(methodListTemplates)
	case "notifications/resources/updated":
		var updated wire.ResourceUpdated
		if json.Unmarshal(params, &updated) == nil {
			s.cache.dropOne(methodReadResource, updated.URI)
		}
	}
	switch method {
	case "notifications/progress":
		s.progress(params)
	case "notifications/message":
		if s.listensTo("log") {
			s.tell(0, "log", params)
		}
	case "notifications/elicitation/complete":
		s.completed(params)
	default:
		event, data := eventOf[method], []byte(emptyResult)
		switch event {
		case "resourceUpdated":
			data = params
		case "toolsChanged":
			s.outputs.forget()
			s.marked.forget()
		}
		if event != "" && s.listensTo(event) {
			s.tell(0, event, data)
		}
	}
}

// eventOf is the event for each notification that is one as it stands.
var eventOf = map[string]string{
	"notifications/tools/list_changed":     "toolsChanged",
	"notifications/prompts/list_changed":   "promptsChanged",
	"notifications/resources/list_changed": "resourcesChanged",
	"notifications/resources/updated":      "resourceUpdated",
}

// Dropped counts what was thrown away.
func (k sink) Dropped(reason string) {
	k.s.core.drop(reason)
	k.s.traceDropped(reason)
}

// checkEvents refuses names of events that do not exist.
func checkEvents(events []string) error {
	for _, event := range events {
		if !slices.ContainsFunc(wire.Tells, func(row wire.TellRow) bool { return row.Name == event }) {
			return badArgument("no event %q", wire.Excerpt([]byte(event)))
		}
	}
	return nil
}

// setListening takes the names of the events that somebody listens to.
func (s *session) setListening(events []string) {
	s.mu.Lock()
	s.listening = events
	s.mu.Unlock()
	s.tracer.on.Store(slices.Contains(events, "trace"))
}

// progress hands a progress event to the call whose token it carries.
func (s *session) progress(params json.RawMessage) {
	var p struct {
		Token uint32 `json:"progressToken"`
	}
	c := s.core
	if json.Unmarshal(params, &p) != nil {
		sink{s}.Dropped("progress without one of our tokens")
		return
	}
	c.mu.Lock()
	cl := c.calls[p.Token]
	if cl == nil || cl.header.Session != s.id || !cl.header.Progress {
		c.mu.Unlock()
		sink{s}.Dropped("progress of a call that is over, or that nobody asked for")
		return
	}
	// Under the lock, so that it cannot come after the call's done.
	s.tell(cl.id, "progress", params)
	c.mu.Unlock()
	cl.heard()
}

func (s *session) tell(call uint32, event string, data []byte) {
	s.core.emit(wire.KindTell, call, wire.Tell{Event: event, Session: s.id}, data)
}

func (s *session) tellState(call uint32, state, reason string) {
	s.tellChange(call, wire.State{State: state, Reason: reason})
}

func (s *session) tellChange(call uint32, change wire.State) {
	data, _ := json.Marshal(change)
	s.tell(call, "state", data)
}
