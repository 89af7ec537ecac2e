//go:build js && wasm

// Command js is the guest half for JavaScript. It exchanges batches of frames
// with the embedder through linear memory, without js.Value:
//
//   - the embedder calls remora_alloc(n), writes a batch of n bytes at the
//     address it gets, and calls remora_recv with that address and n; recv only
//     enqueues and takes the buffer back, so the embedder then lets goroutines
//     run with the glue's resume;
//   - the core calls the import remora.send(ptr, n) with one batch, which the
//     embedder copies before it returns and acts on after the crossing.
package main

import (
	"unsafe"

	_ "syscall/js" // Go's glue needs its functions linked

	"github.com/remora-mcp/remora/internal/core"
	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

//go:wasmimport remora send
func send(ptr unsafe.Pointer, n uint32)

// outbox hands each batch to the embedder, which copies it.
type outbox struct{}

func (outbox) Send(batch []byte) { send(unsafe.Pointer(unsafe.SliceData(batch)), uint32(len(batch))) }

var (
	client = core.New("remora-js", outbox{}, port.SystemClock{})

	// lent holds the buffers that the embedder is writing to, by address.
	lent = make(map[uint32][]byte)

	// received holds the batches that wait for main; wake holds one token when
	// there are any. Nothing here runs in parallel, so no lock guards them: an
	// export must never block.
	received [][]byte
	wake     = make(chan struct{}, 1)
)

// maxBatchBytes bounds one batch: many frames, or the pieces of a large payload.
const maxBatchBytes = 2 * wire.DefaultMaxBodyBytes

// alloc lends the embedder a buffer of n bytes until it calls recv with it. It
// returns 0 if n is 0 or beyond any batch.
//
//go:wasmexport remora_alloc
func alloc(n uint32) uint32 {
	if n == 0 || n > maxBatchBytes {
		return 0
	}
	buf := make([]byte, n)
	ptr := uint32(uintptr(unsafe.Pointer(unsafe.SliceData(buf))))
	lent[ptr] = buf
	return ptr
}

// recv takes the batch that was written to a lent buffer. It does not block. An
// address that was not lent, or a length beyond the buffer, is answered with a
// fault.
//
//go:wasmexport remora_recv
func recv(ptr, n uint32) {
	buf, ok := lent[ptr]
	delete(lent, ptr)
	if !ok || uint64(n) > uint64(len(buf)) {
		buf, n = []byte{0}, 1 // no batch is one byte long: a fault says so
	}
	received = append(received, buf[:n])
	select {
	case wake <- struct{}{}:
	default:
	}
}

// main takes what was received, whenever goroutines run.
func main() {
	for range wake {
		batches := received
		received = nil
		for _, batch := range batches {
			client.Receive(batch)
		}
	}
}
