// Package schema holds the validator of internal/schema to ajv, the one that most
// servers and clients in JavaScript use.
package schema

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/remora-mcp/remora/internal/schema"
	"github.com/remora-mcp/remora/test/internal/kit"
)

// TestAgreesWithAjv checks every value of table.json with both. What the official
// suite, which internal/schema passes, judges otherwise than ajv is not in it:
// ajv takes contains for a look at every item, where unevaluatedItems asks.
func TestAgreesWithAjv(t *testing.T) {
	raw, err := os.ReadFile("table.json")
	if err != nil {
		t.Fatal(err)
	}
	var table []struct {
		Name   string
		Schema json.RawMessage
		Values []json.RawMessage
	}
	if err := json.Unmarshal(raw, &table); err != nil {
		t.Fatal(err)
	}
	if len(table) < 60 {
		t.Fatalf("%d schemas, want at least 60", len(table))
	}
	var verdicts [][]bool
	if err := json.Unmarshal(ajv(t, raw), &verdicts); err != nil || len(verdicts) != len(table) {
		t.Fatalf("%d verdicts of ajv for %d schemas: %v", len(verdicts), len(table), err)
	}
	fits, values := 0, 0
	for i, row := range table {
		t.Run(row.Name, func(t *testing.T) {
			s, err := schema.Compile(row.Schema, schema.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for j, value := range row.Values {
				values++
				if verdicts[i][j] {
					fits++
				}
				problem, err := s.Validate(value)
				if err != nil || (problem == nil) != verdicts[i][j] {
					t.Errorf("%s: %v, %v; ajv says %v", value, problem, err, verdicts[i][j])
				}
			}
		})
	}
	t.Logf("%d schemas, %d values, of which %d fit", len(table), values, fits)
	if fits < values/4 || fits > values*3/4 {
		t.Errorf("%d of %d values fit: the table is not a balanced one", fits, values)
	}
}

// ajv returns what ajv.js makes of the table.
func ajv(t *testing.T, table []byte) []byte {
	t.Helper()
	node, err := kit.Node(22)
	if err != nil {
		t.Fatal(err)
	}
	script, err := kit.In("test", "schema", "ajv.js")
	if err != nil {
		t.Fatal(err)
	}
	out, err := kit.Filter(t.Context(), bytes.NewReader(table), node, []string{script}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
