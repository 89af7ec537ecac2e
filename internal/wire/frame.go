package wire

import (
	"encoding/binary"
	"fmt"
)

// Sizes of the frame codec, in bytes.
const (
	// PrefixSize is the length of the fixed part that opens every frame.
	PrefixSize = 16
	// MaxHeaderBytes bounds the JSON header of one frame.
	MaxHeaderBytes = 64 << 10
	// MaxChunkBytes bounds the payload of one frame. A longer payload travels
	// as several frames of the same kind and id, all but the last flagged More.
	MaxChunkBytes = 1 << 20
)

// Flags are the bits of a frame's flags byte. Bits without a name must be zero.
type Flags uint8

// More says that the payload goes on in the next frame of this kind and id.
const More Flags = 1 << 0

// A Frame is one message of the boundary. Its layout, little-endian:
//
//	 0  u32 length of the header
//	 4  u32 length of the payload
//	 8  u32 id
//	12  u8  kind
//	13  u8  flags
//	14  u16 zero
//	16  header (JSON), then payload (raw bytes)
//
// A batch is frames end to end with nothing between them.
type Frame struct {
	Kind    Kind
	Flags   Flags
	ID      uint32
	Header  []byte // JSON, or empty for no fields
	Payload []byte // raw
}

// AppendFrame appends f to dst and returns the extended slice. A payload longer
// than MaxChunkBytes is split into as many frames as it needs; the header goes
// with the first. It panics if the header is longer than MaxHeaderBytes, which
// only a programming error can cause: whoever builds a header from foreign
// bytes bounds them first.
func AppendFrame(dst []byte, f Frame) []byte {
	if len(f.Header) > MaxHeaderBytes {
		panic(fmt.Sprintf("wire: header of %d bytes in a %v frame", len(f.Header), f.Kind))
	}
	for len(f.Payload) > MaxChunkBytes {
		dst = appendOne(dst, Frame{f.Kind, f.Flags | More, f.ID, f.Header, f.Payload[:MaxChunkBytes]})
		f.Header, f.Payload = nil, f.Payload[MaxChunkBytes:]
	}
	return appendOne(dst, f)
}

func appendOne(dst []byte, f Frame) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(f.Header)))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(f.Payload)))
	dst = binary.LittleEndian.AppendUint32(dst, f.ID)
	dst = append(dst, byte(f.Kind), byte(f.Flags), 0, 0)
	dst = append(dst, f.Header...)
	return append(dst, f.Payload...)
}

// ParseBatch splits a batch into its frames. The frames alias b. It accepts a
// batch whole or not at all: an error (always a *Error with CodeLocalBadFrame)
// means that nothing of it may be dispatched. It does not look into headers and
// does not judge kinds, so that an unknown kind can be answered with a fault.
func ParseBatch(b []byte) ([]Frame, error) {
	var frames []Frame
	for at := 0; at < len(b); {
		rest := b[at:]
		if len(rest) < PrefixSize {
			return nil, badFrame(at, "the batch ends inside a frame's first %d bytes", PrefixSize)
		}
		header := binary.LittleEndian.Uint32(rest[0:])
		payload := binary.LittleEndian.Uint32(rest[4:])
		switch {
		case header > MaxHeaderBytes:
			return nil, badFrame(at, "header of %d bytes, the limit is %d", header, MaxHeaderBytes)
		case payload > MaxChunkBytes:
			return nil, badFrame(at, "payload of %d bytes, the limit is %d", payload, MaxChunkBytes)
		case Flags(rest[13])&^More != 0:
			return nil, badFrame(at, "unknown flags %#02x", rest[13])
		case rest[14] != 0 || rest[15] != 0:
			return nil, badFrame(at, "bytes 14 and 15 are not zero")
		case uint64(len(rest)) < PrefixSize+uint64(header)+uint64(payload):
			return nil, badFrame(at, "the batch ends inside a frame")
		}
		end := PrefixSize + int(header) + int(payload)
		f := Frame{
			Kind:  Kind(rest[12]),
			Flags: Flags(rest[13]),
			ID:    binary.LittleEndian.Uint32(rest[8:]),
		}
		if header > 0 {
			f.Header = rest[PrefixSize : PrefixSize+header : PrefixSize+header]
		}
		if payload > 0 {
			f.Payload = rest[PrefixSize+int(header) : end : end]
		}
		frames = append(frames, f)
		at += end
	}
	return frames, nil
}

func badFrame(at int, format string, args ...any) *Error {
	return &Error{
		Code:    CodeLocalBadFrame,
		Message: fmt.Sprintf("malformed batch at byte %d: ", at) + fmt.Sprintf(format, args...),
		Sent:    SentNo,
	}
}
