// Package canary looks for secrets in what a test run wrote. Tests note the
// secrets that they put into the hands of a client, in a folder beside what is
// searched; the search knows the forms that a leak may take.
package canary

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/remora-mcp/remora/test/internal/kit"
)

// Slots are the kinds of secrets that a run has to have had.
var Slots = []string{"key", "token", "refresh token", "code", "verifier", "client secret", "private key", "nonce"}

// least is how long a canary is, in bytes: what is shorter would be found by
// chance.
const least = 12

// A Canary is one secret.
type Canary struct {
	Slot  string `json:"slot"`
	Value string `json:"value"`
}

// folder is where secrets are noted, outside of what is searched.
func folder() (string, error) {
	dir, err := kit.In("dist", "canaries")
	if err != nil {
		return "", err
	}
	return dir, os.MkdirAll(dir, 0o700)
}

var noting sync.Mutex

// Note notes a secret of this run. It panics if it cannot, for what is not noted
// would not be looked for.
func Note(slot, value string) {
	if err := note(slot, value); err != nil {
		panic(err)
	}
}

func note(slot, value string) error {
	if len(value) < least {
		return fmt.Errorf("a canary of %d bytes for the slot %s is too short to be looked for", len(value), slot)
	}
	dir, err := folder()
	if err != nil {
		return err
	}
	line, err := json.Marshal(Canary{slot, value})
	if err != nil {
		return err
	}
	noting.Lock()
	defer noting.Unlock()
	f, err := os.OpenFile(filepath.Join(dir, fmt.Sprintf("%d.jsonl", os.Getpid())), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	return errors.Join(err, f.Close())
}

// Noted returns the secrets of a run.
func Noted() ([]Canary, error) {
	dir, err := folder()
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		return nil, err
	}
	var all []Canary
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var c Canary
			if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
				return nil, errors.Join(fmt.Errorf("%s: %w", name, err), f.Close())
			}
			if len(c.Value) < least {
				return nil, errors.Join(fmt.Errorf("%s: a canary of %d bytes is too short", name, len(c.Value)), f.Close())
			}
			all = append(all, c)
		}
		if err := errors.Join(lines.Err(), f.Close()); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return all, nil
}
