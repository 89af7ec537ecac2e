//go:build wasip1

// Command plugin is the guest half for Extism: one reactor with the exports
// step and about, and the simple ones, discover and run (simple.go). docs/abi.md describes them to the byte.
package main

import (
	"encoding/json"
	"runtime"

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

// outbox appends each batch to the step's answer.
type outbox struct{ batch []byte }

func (o *outbox) Send(batch []byte) { o.batch = append(o.batch, batch...) }

// take returns what was collected, and begins anew.
func (o *outbox) take() []byte {
	batch := o.batch
	o.batch = nil
	return batch
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
	answer := pending.take()
	header, _ := json.Marshal(wire.Idle{Open: client.Open(), WakeMs: wakes.wakeMs(client.Open() > 0)})
	answer = wire.AppendFrame(answer, wire.Frame{Kind: wire.KindIdle, Header: header})
	if err := writeBatch(bulk, answer); err != nil {
		pdk.SetError(err)
		return 1
	}
	return 0
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
