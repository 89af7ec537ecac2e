package host

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// A CacheMode says what an answer that is kept from before is worth to a call. A
// server of 2026-07-28 says how long its lists and resources may be kept; so long
// they are, at most a day and within bounds, and until the server says that they
// have changed. A request with a Meta of its own is always sent.
type CacheMode string

// The cache modes.
const (
	CacheUse     CacheMode = wire.CacheUse     // what is kept and fresh is taken; the default
	CacheRefresh CacheMode = wire.CacheRefresh // the server is asked, and what it says kept
	CacheBypass  CacheMode = wire.CacheBypass  // the server is asked, and nothing kept
)

// DefaultCollect is how many entries Collect takes at most by default.
const DefaultCollect = 10_000

// Collect returns all entries of a list, in order: those of Session.Tools,
// Resources, ResourceTemplates or Prompts. A list with more than most entries is
// an error with CodeLocalTooLarge, together with the first of them; zero selects
// DefaultCollect.
func Collect[T any](list iter.Seq2[*T, error], most int) ([]*T, error) {
	if most < 0 {
		return nil, failure(CodeLocalBadArgument, "Collect: most is negative")
	}
	if most == 0 {
		most = DefaultCollect
	}
	var all []*T
	for entry, err := range list {
		if err != nil {
			return all, err
		}
		if len(all) == most {
			return all, &Error{Code: CodeLocalTooLarge, Message: fmt.Sprintf("the server's list has more than %d entries", most), Sent: SentYes}
		}
		all = append(all, entry)
	}
	return all, nil
}

// entries iterates over a list. fetch returns the entries of the page at a
// cursor, and the next cursor.
func entries[T any](what, cursor string, fetch func(cursor string) ([]*T, string, error)) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		cursor := cursor
		seen := map[string]bool{cursor: true}
		for {
			page, next, err := fetch(cursor)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, entry := range page {
				if entry != nil && !yield(entry, nil) {
					return
				}
			}
			if next == "" {
				return
			}
			if seen[next] || len(seen) == wire.MaxListPages {
				yield(nil, &Error{
					Code:    CodeHTTPNotMCP,
					Message: "the server's list of " + what + " does not end: a cursor comes back, or there are too many pages",
					Sent:    SentYes,
				})
				return
			}
			seen[next] = true
			cursor = next
		}
	}
}

// list makes a request for one page of something.
func (s *Session) list(ctx context.Context, command, cursor string, meta mcp.Meta) (json.RawMessage, error) {
	raw, err := encodeMeta(meta)
	if err != nil {
		return nil, err
	}
	return s.request(ctx, command, wire.ListResources{Cursor: cursor, Meta: raw}, meta)
}

// decodeResult decodes what method's Raw has returned.
func decodeResult[R any](method string, raw json.RawMessage, err error) (*R, error) {
	if err != nil {
		return nil, err
	}
	res := new(R)
	// The plugin has looked at all of it, so it need not be gone over once more
	// before a type of the go-sdk's decodes it.
	if own, ok := any(res).(json.Unmarshaler); ok {
		err = own.UnmarshalJSON(raw)
	} else {
		err = json.Unmarshal(raw, res)
	}
	if err != nil {
		return nil, undecodableResult(method, err)
	}
	return res, nil
}

// orNew returns params, or the zero value for none.
func orNew[P any](params *P) *P {
	if params == nil {
		return new(P)
	}
	return params
}
