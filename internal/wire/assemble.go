package wire

import "fmt"

// An Assembler joins frames flagged More into whole ones. It copies what it
// keeps, so the batch may be reused after Add returns. It is not safe for
// concurrent use.
type Assembler struct {
	// MaxBytes bounds a joined payload and all that is kept unfinished.
	// Zero selects DefaultMaxBodyBytes.
	MaxBytes int64

	open map[assembly]*Frame
	held int64
}

type assembly struct {
	kind Kind
	id   uint32
}

// Add takes one frame in order. It returns the whole frame and true when f
// completes one (an unsplit frame is returned as it is, without a copy), false
// while more is to come, and a *Error with CodeLocalTooLarge when the joined
// payload would pass MaxBytes; the frame's beginning is then forgotten, so the
// caller answers for the id and ignores what follows of it.
func (a *Assembler) Add(f Frame) (Frame, bool, error) {
	key := assembly{f.Kind, f.ID}
	begun := a.open[key]
	if begun == nil && f.Flags&More == 0 {
		return f, true, nil
	}
	limit := a.MaxBytes
	if limit == 0 {
		limit = DefaultMaxBodyBytes
	}
	if a.held+int64(len(f.Payload)) > limit {
		if begun != nil {
			a.drop(key, begun)
		}
		return Frame{}, false, &Error{
			Code:    CodeLocalTooLarge,
			Message: fmt.Sprintf("a %v frame's payload is larger than %d bytes", f.Kind, limit),
			Sent:    SentNo,
		}
	}
	if begun == nil {
		if a.open == nil {
			a.open = make(map[assembly]*Frame)
		}
		begun = &Frame{Kind: f.Kind, ID: f.ID, Header: append([]byte(nil), f.Header...)}
		a.open[key] = begun
	}
	begun.Payload = append(begun.Payload, f.Payload...)
	a.held += int64(len(f.Payload))
	if f.Flags&More != 0 {
		return Frame{}, false, nil
	}
	a.drop(key, begun)
	return *begun, true, nil
}

func (a *Assembler) drop(key assembly, f *Frame) {
	delete(a.open, key)
	a.held -= int64(len(f.Payload))
}
