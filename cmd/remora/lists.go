package main

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// maxListPages bounds how many pages of a list are fetched.
const maxListPages = 1000

// listAll fetches all pages of a list and returns the entries, each as it came.
// member is where a page has them.
func listAll(member string, page func(cursor string) (json.RawMessage, error)) ([]json.RawMessage, error) {
	var entries []json.RawMessage
	cursor, seen := "", map[string]bool{"": true}
	for {
		raw, err := page(cursor)
		if err != nil {
			return nil, err
		}
		var fields map[string]json.RawMessage
		var some []json.RawMessage
		if json.Unmarshal(raw, &fields) != nil || json.Unmarshal(fields[member], &some) != nil {
			return nil, notMCP("the server's list of " + member + " cannot be read")
		}
		entries = append(entries, some...)
		if cursor = ""; fields["nextCursor"] != nil && json.Unmarshal(fields["nextCursor"], &cursor) != nil {
			return nil, notMCP("a cursor in the server's list of " + member + " is not a string")
		}
		if cursor == "" {
			return entries, nil
		}
		if seen[cursor] || len(seen) == maxListPages {
			return nil, notMCP("the server's list of " + member + " does not end: a cursor comes back, or there are too many pages")
		}
		seen[cursor] = true
	}
}

// member is `"name":[...]` with the entries as they came.
func member(name string, entries []json.RawMessage) []byte {
	raws := make([][]byte, len(entries))
	for i, raw := range entries {
		raws[i] = raw
	}
	return fmt.Appendf(nil, `%q:[%s]`, name, bytes.Join(raws, []byte(",")))
}
