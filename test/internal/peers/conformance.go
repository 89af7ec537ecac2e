package peers

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/remora-mcp/remora/test/internal/kit"
)

// The go-sdk's conformance server is a program of its module. Its flags choose
// between stateful and stateless, but not between SSE and JSON answers, so it
// is built from its source in the module cache with one expression replaced.
// None of that source is kept in this tree.
const (
	sdkModule = "github.com/modelcontextprotocol/go-sdk"
	// jsonEnv, set to 1, makes the derived server answer with JSON.
	jsonEnv = "REMORA_TEST_JSON_RESPONSE"
	// The expression, which must occur exactly once, and what replaces it.
	sdkOptions        = `&mcp.StreamableHTTPOptions{Stateless: *stateless}`
	sdkOptionsDerived = `&mcp.StreamableHTTPOptions{Stateless: *stateless, JSONResponse: os.Getenv("` + jsonEnv + `") == "1"}`
)

// conformanceModes are the modes in which the conformance server is run.
var conformanceModes = []struct {
	name            string
	stateless, json bool
	protocols       []string
}{
	{"conformance-sse", false, false, []string{"2025-11-25"}},
	{"conformance-json", false, true, []string{"2025-11-25"}},
	{"conformance-stateless-sse", true, false, []string{"2025-11-25", "2026-07-28"}},
	{"conformance-stateless-json", true, true, []string{"2025-11-25", "2026-07-28"}},
}

func (s *Set) startConformance(ctx context.Context) error {
	program, err := buildConformance(ctx)
	if err != nil {
		return err
	}
	for _, mode := range conformanceModes {
		port, err := s.run(ctx, program, func(port int) (args, env []string) {
			args = []string{"-http", fmt.Sprintf("127.0.0.1:%d", port), fmt.Sprintf("-stateless=%v", mode.stateless)}
			if mode.json {
				env = []string{jsonEnv + "=1"}
			}
			return args, env
		})
		if err != nil {
			return err
		}
		peer := Peer{
			URL:       fmt.Sprintf("http://127.0.0.1:%d/", port),
			Kind:      KindConformance,
			Protocols: mode.protocols,
			Stateful:  !mode.stateless,
			Answers:   map[bool]string{false: "sse", true: "json"}[mode.json],
		}
		if peer.BrowserURL, err = s.withCORS(peer.URL); err != nil {
			return err
		}
		s.add(mode.name, peer)
	}
	return nil
}

// buildConformance derives the source, builds it and returns the program.
func buildConformance(ctx context.Context) (string, error) {
	module, err := kit.Module(sdkModule)
	if err != nil {
		return "", err
	}
	source, err := os.ReadFile(filepath.Join(module, "conformance", "everything-server", "main.go"))
	if err != nil {
		return "", fmt.Errorf("the go-sdk has no conformance server where it used to be: %w", err)
	}
	derived, err := deriveConformance(source)
	if err != nil {
		return "", err
	}
	dir, err := kit.Temp("conformance-server")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "main.go")
	if old, err := os.ReadFile(file); err != nil || !bytes.Equal(old, derived) {
		if err := os.WriteFile(file, derived, 0o644); err != nil {
			return "", err
		}
	}
	return kit.Build(ctx, "conformance-server", "./dist/test/conformance-server")
}

// deriveConformance replaces the one expression. It is an error if the
// expression does not occur exactly once: the go-sdk has changed, and so has
// what this file assumes of it.
func deriveConformance(source []byte) ([]byte, error) {
	if n := bytes.Count(source, []byte(sdkOptions)); n != 1 {
		return nil, fmt.Errorf("the go-sdk's conformance server has %q %d times, want once: adapt %s", sdkOptions, n, "test/internal/peers/conformance.go")
	}
	return bytes.Replace(source, []byte(sdkOptions), []byte(sdkOptionsDerived), 1), nil
}
