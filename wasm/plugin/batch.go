//go:build wasip1

package main

import (
	"bytes"
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

// Small batches are written together, in a buffer that is kept; large ones as they
// are.
const (
	largeBatch  = 32 << 10
	bufferLimit = 64 << 10
)

var writing = make([]byte, 0, 4<<10)

// writeBatch writes the answer, in one batch, the way that the input came.
func writeBatch(bulk bool, batches [][]byte) error {
	if !bulk {
		pdk.Output(bytes.Join(batches, nil))
		return nil
	}
	total := 0
	for _, batch := range batches {
		total += len(batch)
	}
	writing = binary.LittleEndian.AppendUint32(writing[:0], uint32(total))
	for _, batch := range batches {
		if len(batch) < largeBatch && len(writing)+len(batch) <= bufferLimit {
			writing = append(writing, batch...)
			continue
		}
		if _, err := os.Stdout.Write(writing); err != nil {
			return err
		}
		writing = writing[:0]
		if len(batch) < largeBatch {
			writing = append(writing, batch...)
		} else if _, err := os.Stdout.Write(batch); err != nil {
			return err
		}
	}
	if len(writing) == 0 {
		return nil
	}
	_, err := os.Stdout.Write(writing)
	return err
}
