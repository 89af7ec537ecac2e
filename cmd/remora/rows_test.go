package main

import (
	"strings"
	"testing"
)

// A row is the program run once, and what has to come of it.
type row struct {
	name, stdin string
	args        string // separated by spaces
	out, err    string // parts of what is written; empty: nothing is
	status      int
}

// runRows runs the program for each row. In each argument the words in pairs are
// replaced by what they stand for, once; also, if there is one, looks at what came.
func runRows(t *testing.T, rows []row, pairs []string, also func(t *testing.T, got outcome)) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			args := strings.Fields(row.args)
			for i := range args {
				for p := 0; p < len(pairs); p += 2 {
					args[i] = strings.Replace(args[i], pairs[p], pairs[p+1], 1)
				}
			}
			got := remora(t.Context(), row.stdin, args...)
			if got.status != row.status {
				t.Errorf("status %d, want %d", got.status, row.status)
			}
			if !strings.Contains(got.out, row.out) || row.out == "" && got.out != "" {
				t.Errorf("standard output %q, want %q", got.out, row.out)
			}
			if !strings.Contains(got.err, row.err) || row.err == "" && got.err != "" {
				t.Errorf("standard error %q, want %q", got.err, row.err)
			}
			if also != nil {
				also(t, got)
			}
		})
	}
}
