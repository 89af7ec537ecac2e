//go:build wasip1

package main

import (
	"encoding/binary"
	"errors"
	"io"
	"os"

	pdk "github.com/extism/go-pdk"

	"github.com/remora-mcp/remora/internal/wire"
)

// maxBatchBytes bounds one batch: many frames, or the pieces of a large payload.
const maxBatchBytes = 2 * wire.DefaultMaxBodyBytes

// readBatch reads the step's input: Extism's own, or if that is empty WASI's
// stdin (a u32 length, then the bytes), which copies in bulk.
func readBatch() (bulk bool, batch []byte, err error) {
	if batch = pdk.Input(); len(batch) > 0 {
		return false, batch, nil
	}
	var prefix [4]byte
	if _, err := io.ReadFull(os.Stdin, prefix[:]); err != nil {
		return false, nil, errors.New("step: no input, neither Extism's nor on stdin")
	}
	n := binary.LittleEndian.Uint32(prefix[:])
	if n > maxBatchBytes {
		return false, nil, errors.New("step: the batch on stdin is too large")
	}
	batch = make([]byte, n)
	if _, err := io.ReadFull(os.Stdin, batch); err != nil {
		return false, nil, errors.New("step: stdin ended inside the batch")
	}
	return true, batch, nil
}

// writeBatch writes the answer the way that the input came.
func writeBatch(bulk bool, batch []byte) error {
	if !bulk {
		pdk.Output(batch)
		return nil
	}
	out := binary.LittleEndian.AppendUint32(make([]byte, 0, 4+len(batch)), uint32(len(batch)))
	_, err := os.Stdout.Write(append(out, batch...))
	return err
}
