package schema

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestOfficialSuite runs the JSON Schema test suite, as it comes with the module
// that the go-sdk uses for its own schemas. Left out are only schemas that refer
// to others that lie elsewhere.
func TestOfficialSuite(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/google/jsonschema-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(strings.TrimSpace(string(out)), "jsonschema", "testdata")
	for draft, least := range map[string]int{"draft2020-12": 1051, "draft7": 886} {
		t.Run(draft, func(t *testing.T) {
			files, err := filepath.Glob(filepath.Join(root, draft, "*.json"))
			if err != nil || len(files) == 0 {
				t.Fatalf("no suite in %s: %v", root, err)
			}
			count := 0
			for _, file := range files {
				count += runSuite(t, file, draft == "draft7")
			}
			if count < least {
				t.Errorf("%d values were checked, want at least %d", count, least)
			}
		})
	}
}

// runSuite runs one file of the suite and returns how many values it checked.
func runSuite(t *testing.T, file string, draft7 bool) (count int) {
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var groups []struct {
		Description string
		Schema      json.RawMessage
		Tests       []struct {
			Description string
			Data        json.RawMessage
			Valid       bool
		}
	}
	if err := json.Unmarshal(raw, &groups); err != nil {
		t.Fatal(err)
	}
	for _, group := range groups {
		name := filepath.Base(file) + ": " + group.Description
		s, err := Compile(named(t, group.Schema, draft7), Options{})
		if err != nil && strings.Contains(err.Error(), "leads out of the schema") {
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, test := range group.Tests {
			count++
			problem, err := s.Validate(test.Data)
			if err != nil || (problem == nil) != test.Valid {
				t.Errorf("%s: %s: %v, %v; valid should be %v", name, test.Description, problem, err, test.Valid)
			}
		}
	}
	return count
}

// named writes draft-07's name into a schema of its suite, which leaves it out.
func named(t *testing.T, raw json.RawMessage, draft7 bool) []byte {
	if !draft7 || raw[0] != '{' {
		return raw
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil {
		t.Fatal(err)
	}
	object["$schema"] = json.RawMessage(`"http://json-schema.org/draft-07/schema#"`)
	out, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
