// Package conformance runs the official MCP conformance suite against a client
// and reads it strictly.
//
// The suite's own modes ignore a client's exit code and time-outs, and count a
// scenario with no check at all as passed. The gate here runs each scenario of
// a requirement set alone and in series, and a scenario passes only where the
// runner exits 0, at least one check is SUCCESS, and none is FAILURE or
// WARNING.
package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/remora-mcp/remora/test/internal/kit"
)

const (
	// nodeMajor is the line of Node that runs the suite, which needs 22.
	nodeMajor = 22
	// scenarioTimeout is how long the suite gives a client, and runnerGrace how
	// much longer the suite itself may take.
	scenarioTimeout = 30 * time.Second
	runnerGrace     = 30 * time.Second
)

// A Client is a command under test. The suite starts it with the server's URL
// as last argument and the scenario in its environment.
type Client struct {
	// Name names the folder of its reports.
	Name string
	// Command is the program and its arguments. The suite splits it on spaces.
	// It is run in the top folder of the tree.
	Command string
}

// A Result is what came of one scenario.
type Result struct {
	Revision string
	Scenario string
	// Problem says why the scenario did not pass; empty if it did.
	Problem string
	// Checks counts the checks by their status.
	Checks map[string]int
	// Succeeded are the checks that did.
	Succeeded []string
}

// Passed reports whether the scenario passed.
func (r Result) Passed() bool { return r.Problem == "" }

// Scenarios returns the client scenarios of a revision's frozen requirement set,
// in the set's order.
func Scenarios(ctx context.Context, revision string) ([]string, error) {
	node, err := kit.Node(nodeMajor)
	if err != nil {
		return nil, err
	}
	if _, err := kit.NPM("@modelcontextprotocol/conformance", "requirements"); err != nil {
		return nil, err
	}
	script, err := kit.In("test", "conformance", "requirements.js")
	if err != nil {
		return nil, err
	}
	out, err := kit.Run(ctx, node, []string{script, revision}, nil)
	if err != nil {
		return nil, err
	}
	var sets map[string][]string
	if err := json.Unmarshal(out, &sets); err != nil {
		return nil, fmt.Errorf("requirements of %s: %w", revision, err)
	}
	if len(sets[revision]) == 0 {
		return nil, fmt.Errorf("%s has no requirement set of clients", revision)
	}
	return sets[revision], nil
}

// Run runs one scenario and judges it. The error is of the machinery, such as
// a suite that is not installed; what a client does wrong is in the Result.
func Run(ctx context.Context, client Client, revision, scenario string) (Result, error) {
	result := Result{Revision: revision, Scenario: scenario}
	node, err := kit.Node(nodeMajor)
	if err != nil {
		return result, err
	}
	suite, err := kit.NPM("@modelcontextprotocol/conformance", "dist", "index.js")
	if err != nil {
		return result, err
	}
	reports, err := kit.Temp("conformance", client.Name, revision, strings.ReplaceAll(scenario, "/", "-"))
	if err != nil {
		return result, err
	}
	if err := os.RemoveAll(reports); err != nil { // of an earlier run
		return result, err
	}
	top, err := kit.Root()
	if err != nil {
		return result, err
	}

	ctx, cancel := context.WithTimeout(ctx, scenarioTimeout+runnerGrace)
	defer cancel()
	_, runErr := kit.RunIn(ctx, top, node, []string{
		suite, "client", "--command", client.Command, "--scenario", scenario, "--spec-version", revision, "--force",
		"--timeout", fmt.Sprint(scenarioTimeout.Milliseconds()), "-o", reports,
	}, []string{"PATH=" + filepath.Dir(node) + string(os.PathListSeparator) + os.Getenv("PATH")})

	var problems []error
	if runErr != nil {
		problems = append(problems, runErr)
	}
	checks, err := readChecks(reports)
	if err != nil {
		problems = append(problems, err)
	}
	result.Checks = map[string]int{}
	for _, c := range checks {
		result.Checks[c.Status]++
		if c.Status == "SUCCESS" {
			result.Succeeded = append(result.Succeeded, c.ID)
		}
		if c.Status == "FAILURE" || c.Status == "WARNING" {
			problems = append(problems, fmt.Errorf("%s: %s: %s %s", c.Status, c.ID, c.ErrorMessage, c.Details))
		}
	}
	if result.Checks["SUCCESS"] == 0 {
		problems = append(problems, errors.New("no check succeeded"))
	}
	if err := errors.Join(problems...); err != nil {
		result.Problem = err.Error()
	}
	return result, nil
}

// A check is one entry of a report.
type check struct {
	ID           string          `json:"id"`
	Status       string          `json:"status"`
	ErrorMessage string          `json:"errorMessage"`
	Details      json.RawMessage `json:"details"`
}

// readChecks reads the one report that a scenario leaves.
func readChecks(reports string) ([]check, error) {
	found, err := filepath.Glob(filepath.Join(reports, "*", "checks.json"))
	if err != nil {
		return nil, err
	}
	// A scenario whose name has a slash lies one folder deeper.
	deeper, err := filepath.Glob(filepath.Join(reports, "*", "*", "checks.json"))
	if err != nil {
		return nil, err
	}
	if found = append(found, deeper...); len(found) != 1 {
		return nil, fmt.Errorf("the suite left %d reports, want 1", len(found))
	}
	body, err := os.ReadFile(found[0])
	if err != nil {
		return nil, err
	}
	var checks []check
	if err := json.Unmarshal(body, &checks); err != nil {
		return nil, fmt.Errorf("%s: %w", found[0], err)
	}
	return checks, nil
}
