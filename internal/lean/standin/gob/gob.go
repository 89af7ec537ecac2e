// Package gob stands in for encoding/gob where its codec can never run: both
// directions fail.
package gob

import (
	"errors"
	"io"
)

var errAbsent = errors.New("gob: not in this build")

// Encoder encodes nothing.
type Encoder struct{}

// NewEncoder returns an Encoder that never writes.
func NewEncoder(io.Writer) *Encoder { return &Encoder{} }

// Encode fails.
func (*Encoder) Encode(any) error { return errAbsent }

// Decoder decodes nothing.
type Decoder struct{}

// NewDecoder returns a Decoder that never reads.
func NewDecoder(io.Reader) *Decoder { return &Decoder{} }

// Decode fails.
func (*Decoder) Decode(any) error { return errAbsent }
