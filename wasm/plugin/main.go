//go:build wasip1

// Command plugin is the guest half for Extism: one reactor with the exports
// step and about, and the simple ones, discover and run (simple.go). docs/abi.md describes them to the byte.
package main

import (
	"runtime"
	"strconv"

	pdk "github.com/extism/go-pdk"

	"github.com/remora-mcp/remora/internal/core"
	"github.com/remora-mcp/remora/internal/wire"
)

var (
	// pending collects what the core says during a step.
	pending outbox
	wakes   = newClock()
	client  = core.New("remora-plugin", &pending, wakes)
)

// outbox collects the step's answer.
type outbox struct{ batches [][]byte }

func (o *outbox) Send(batch []byte) { o.batches = append(o.batches, batch) }

// take returns what was collected, and begins anew.
func (o *outbox) take() [][]byte {
	batches := o.batches
	o.batches = nil
	return batches
}

// step takes one batch of frames in, lets goroutines run until none can, and
// answers with the frames that they made, the last of which is idle. It returns
// 0, or 1 if the input could not be read; the core's own failures are frames.
//
//go:wasmexport step
func step() int32 {
	bulk, batch, err := readBatch()
	if err != nil {
		pdk.SetError(err)
		return 1
	}
	if len(batch) > 0 {
		client.Receive(batch)
	}
	settle()
	open := client.Open()
	pending.Send(wire.AppendFrame(nil, wire.Frame{Kind: wire.KindIdle, Header: idleHeader(open, wakes.wakeMs(open > 0))}))
	if err := writeBatch(bulk, pending.take()); err != nil {
		pdk.SetError(err)
		return 1
	}
	return 0
}

// idleHeader encodes a wire.Idle, without reflection: each step has one.
func idleHeader(open int, wakeMs *int64) []byte {
	header := strconv.AppendInt([]byte(`{"open":`), int64(open), 10)
	header = append(header, `,"wakeMs":`...)
	if wakeMs == nil {
		header = append(header, "null"...)
	} else {
		header = strconv.AppendInt(header, *wakeMs, 10)
	}
	return append(header, '}')
}

// about says what this plugin is, as JSON.
//
//go:wasmexport about
func about() int32 {
	err := pdk.OutputJSON(struct {
		Name    string `json:"name"`
		Version string `json:"version"`
		ABI     [2]int `json:"abi"`
		Go      string `json:"go"`
	}{"remora-plugin", wire.Version, wire.ABI, runtime.Version()})
	if err != nil {
		pdk.SetError(err)
		return 1
	}
	return 0
}

func main() {} // does not run in a reactor
