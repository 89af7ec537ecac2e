package core

import (
	"bytes"
	"encoding/json"

	"github.com/remora-mcp/remora/internal/exchange"
	"github.com/remora-mcp/remora/internal/wire"
)

// snapshot says what the session needs to go on elsewhere.
func (s *session) snapshot(*call) ([]byte, error) {
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
