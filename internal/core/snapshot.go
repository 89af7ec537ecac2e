package core

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/remora-mcp/remora/internal/exchange"
	"github.com/remora-mcp/remora/internal/wire"
)

// snapshot says what the session needs to go on elsewhere.
func (s *session) snapshot(cl *call) ([]byte, error) {
	var params wire.Snapshot
	if err := readParams(cl, &params); err != nil {
		return nil, err
	}
	cn := s.current()
	if cn.transport.End() != nil {
		return nil, newError(wire.CodeLocalUnsupported, "the session is its connection, and cannot go on elsewhere: only one over streamable HTTP can")
	}
	_, handshake := cn.transport.Handshake()
	snapshot := wire.SnapshotResult{
		Remora:          wire.SnapshotVersion,
		Server:          s.params.URL,
		ProtocolVersion: cn.version,
		Handshake:       handshake,
	}
	s.mu.Lock()
	snapshot.LogLevel, snapshot.Subscriptions = s.logLevel, s.subscriptions
	s.mu.Unlock()
	if params.Cache {
		snapshot.Cache = s.cache.answers(wire.MaxSnapshotCacheBytes)
	}
	if cn.modern() {
		snapshot.Tools = s.marked.list()
	} else {
		if id := cn.sdk.ID(); id != "" {
			snapshot.Secret = &wire.SnapshotSecret{SessionID: id}
		}
		if id := cn.transport.LastEventID(); exchange.StorableID(id) {
			snapshot.LastEventID = id
		}
	}
	if params.Credentials && s.auth != nil {
		held, err := s.auth.Snapshot()
		if err != nil {
			return nil, err
		}
		if held != nil {
			if snapshot.Secret == nil {
				snapshot.Secret = new(wire.SnapshotSecret)
			}
			snapshot.Secret.Auth = held
		}
	}
	if err := restored(&snapshot).Check(s.core.limitsInForce()); err != nil {
		return nil, newError(wire.CodeLocalUnsupported, "the session cannot go on elsewhere: %v", err)
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // which would make it larger
	if err := enc.Encode(snapshot); err != nil {
		return nil, err
	}
	raw := bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
	if len(raw) > wire.MaxSnapshotBytes {
		return nil, newError(wire.CodeLocalTooLarge, "the snapshot would be larger than %d bytes: what the server says of itself is %d bytes long", wire.MaxSnapshotBytes, len(handshake))
	}
	return raw, nil
}

// restored is what exchange makes of a snapshot.
func restored(snapshot *wire.SnapshotResult) *exchange.Restored {
	r := &exchange.Restored{
		Result:      snapshot.Handshake,
		Modern:      snapshot.ProtocolVersion >= firstModern,
		LastEventID: snapshot.LastEventID,
	}
	if snapshot.Secret != nil {
		r.SessionID = snapshot.Secret.SessionID
	}
	if len(snapshot.Tools) > 0 {
		r.Tools = schemasOf(snapshot.Tools)
	}
	return r
}

// answers returns what is kept and fresh, the newest first, as far as it fits
// into so many bytes.
func (c *cache) answers(limit int) []wire.SnapshotAnswer {
	c.mu.Lock()
	defer c.mu.Unlock()
	var answers []wire.SnapshotAnswer
	now := c.clock.Now()
	for e := c.order.Back(); e != nil; e = e.Prev() {
		entry := e.Value.(cacheEntry)
		size := len(entry.raw) + len(entry.key.param) + answerOverhead
		if size > limit || !now.Before(entry.expires) {
			continue
		}
		limit -= size
		answers = append(answers, wire.SnapshotAnswer{
			Method: entry.key.method, Param: entry.key.param, Result: entry.raw, ExpiresMs: entry.expires.UnixMilli(),
		})
	}
	return answers
}

// answerOverhead is about what the rest of a wire.SnapshotAnswer takes.
const answerOverhead = 128

// checkAnswer reports whether an answer of a snapshot is one.
func checkAnswer(answer wire.SnapshotAnswer, maxDepth int) bool {
	switch answer.Method {
	case methodListTools, methodListResources, methodListTemplates, methodReadResource, methodListPrompts:
		return len(answer.Result) > 0 && answer.Result[0] == '{' && exchange.Shallow(answer.Result, maxDepth)
	}
	return false
}

// takeAnswers keeps the answers of a snapshot that are still fresh, the oldest
// first.
func (s *session) takeAnswers(answers []wire.SnapshotAnswer) {
	for i := range answers {
		answer := answers[len(answers)-1-i]
		key := cacheKey{answer.Method, answer.Param}
		_, changes := s.cache.get(key)
		left := time.Duration(min(max(answer.ExpiresMs, 0)-s.core.clock.Now().UnixMilli(), exchange.MaxTTL.Milliseconds())) * time.Millisecond
		s.cache.put(key, answer.Result, left, changes)
		if answer.Method == methodListTools && left > 0 {
			s.learned(answer.Result)
		}
	}
}
