package wire

import "fmt"

// An Assembler joins frames flagged More into whole ones. It copies what it
// keeps, so the batch may be reused after Add returns. It is not safe for
// concurrent use.
type Assembler struct {
	// MaxBytes bounds a joined payload and all that is kept unfinished.
	// Zero selects DefaultMaxBodyBytes.
	MaxBytes int64

	open map[assembly]*unfinished
	held int64
}

// unfinished is a frame whose last piece has not come.
type unfinished struct {
	frame   Frame
	refused bool // too large: the rest of it is thrown away
}

// maxUnfinished bounds the frames that an Assembler holds at once, and so what
// their headers take, which MaxBytes does not count.
const maxUnfinished = 1024

type assembly struct {
	kind Kind
	id   uint32
}

// Add takes one frame in order. It returns the whole frame and true when f
// completes one (an unsplit frame is returned as it is, without a copy), and
// false while more is to come.
//
// It returns a *Error with CodeLocalTooLarge when the joined payload would pass
// MaxBytes. That is said once: the pieces that follow are thrown away without a
// further error, so that the caller answers for the id exactly once. The same
// error meets a frame that would be the 1025th unfinished one.
func (a *Assembler) Add(f Frame) (Frame, bool, error) {
	key := assembly{f.Kind, f.ID}
	last := f.Flags&More == 0
	begun := a.open[key]
	if begun == nil {
		if last {
			return f, true, nil
		}
		if len(a.open) >= maxUnfinished {
			return Frame{}, false, tooLarge("a %v frame would be one of more than %d unfinished ones", f.Kind, maxUnfinished)
		}
		if a.open == nil {
			a.open = make(map[assembly]*unfinished)
		}
		begun = &unfinished{frame: Frame{Kind: f.Kind, ID: f.ID, Header: append([]byte(nil), f.Header...)}}
		a.open[key] = begun
	}
	if last {
		delete(a.open, key)
	}
	limit := a.MaxBytes
	if limit == 0 {
		limit = DefaultMaxBodyBytes
	}
	joined := &begun.frame
	switch {
	case begun.refused:
		return Frame{}, false, nil
	case a.held+int64(len(f.Payload)) > limit:
		a.held -= int64(len(joined.Payload))
		*begun = unfinished{refused: true}
		return Frame{}, false, tooLarge("a %v frame's payload is larger than %d bytes", f.Kind, limit)
	}
	joined.Payload = append(joined.Payload, f.Payload...)
	a.held += int64(len(f.Payload))
	if !last {
		return Frame{}, false, nil
	}
	a.held -= int64(len(joined.Payload))
	return *joined, true, nil
}

func tooLarge(format string, args ...any) *Error {
	return &Error{Code: CodeLocalTooLarge, Message: fmt.Sprintf(format, args...), Sent: SentNo}
}
