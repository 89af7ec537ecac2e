package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// A file with servers of both kinds: at a URL, and programs.
func TestConfigWithPrograms(t *testing.T) {
	t.Setenv("REMORA_TEST_MODE", "demo-server")
	file := config(t, fmt.Sprintf(`
		"web": {"type":"http","url":%q},
		"local": {"type":"stdio","command":%q,"args":["${REMORA_TEST_MODE}","--stdio"],"env":{"REMORA_TEST_AS_PROGRAM":"1"}},
		"noisy": {"command":"sh","args":["-c","echo started in $MODE with $KEY >&2; exec $0 demo-server --stdio",%q],
			"env":{"REMORA_TEST_AS_PROGRAM":"1","MODE":"a mode","KEY":"${REMORA_TEST_NONE:-noisy-canary}"}},
		"gone": {"command":"no-such-program-anywhere"},
		"broken": {"command":"sh","args":["-c","echo the key is $KEY >&2; exit 3"],"env":{"KEY":"broken-canary"}},
		"cut": {"command":"sh","args":["-c","printf '%%s%%0180d' $KEY 0 >&2; exit 3"],"env":{"KEY":"a-long-canary-0123456789"}},
		"off": {"command":"no-such-program-anywhere","disabled":true}`, demo(t), os.Args[0], os.Args[0]))
	runRows(t, []row{
		{"tools of all", "", "tools --config FILE", "local__add(a: number, b: number)", `the server "gone": channel/closed: the server's program cannot be started`, 0},
		{"tools over HTTP", "", "tools --config FILE", "web__add(a: number, b: number)", `the server "broken": channel/closed: the server's program exited with status 3`, 0},
		{"tools of one", "", "tools --config FILE local", "local__echo(message: string)", "", 0},
		{"its stderr", "", "tools --config FILE noisy", "noisy__echo(message: string)", "noisy: started in [redacted] with [redacted]\n", 0},
		{"no stderr", "", "tools --quiet --config FILE noisy", "noisy__echo(message: string)", "", 0},
		{"call of a program", "", "call --config FILE local__add a=2 b=3", "5\n", "", 0},
		{"call over HTTP", "", "call --config FILE web__add a=2 b=3", "5\n", "", 0},
		{"call of what is gone", "", "call --config FILE gone__add a=2 b=3", "", `the server "gone": channel/closed`, 4},
		{"progress", "", "call --config FILE local__slow steps=2 delayMs=0", "done after 2 steps\n", "remora: 2 of 2: step 2 of 2\n", 0},
		{"inspect a program", "", "inspect --config FILE local", "server        remora-demo-server", "", 0},
		{"inspect over HTTP", "", "inspect --config FILE web", "server        remora-demo-server", "", 0},
		{"its stderr and the log", "", "inspect --log-level info --config FILE noisy", "server", "started in [redacted] with [redacted]\n", 0},
		{"inspect and its stderr", "", "inspect --config FILE noisy", "server        remora-demo-server", "started in [redacted] with [redacted]\n", 0},
		{"its stderr in the log", "", "inspect --quiet --log-level info --config FILE noisy", "server", "info: stderr: started in [redacted] with [redacted]\n", 0},
		{"of several, in the log", "", "tools --quiet --log-level info --config FILE noisy", "noisy__echo", "info: stderr: started in [redacted] with [redacted]\n", 0},
		{"a secret at the cut", "", "inspect --config FILE cut", "", "its stderr ends: ", 4},
		{"inspect what is gone", "", "inspect --config FILE gone", "", "channel/closed", 4},
		{"inspect what is disabled", "", "inspect --config FILE off", "", `the server "off" is disabled`, 2},
		{"headers for a program", "", "inspect -H a:b --config FILE local", "", "are for a URL", 2},
		{"resources", "", "resources --config FILE local", "demo://about", "", 0},
		{"read", "", "read --config FILE local demo://about", "demo server", "", 0},
		{"read over HTTP", "", "read --config FILE web demo://about", "demo server", "", 0},
		{"prompts", "", "prompts --config FILE local", "review(language, [style])", "", 0},
		{"prompt", "", "prompt --config FILE local review language=Go", "Go", "", 0},
		{"types", "", "types --config FILE local", "interface Tools", "", 0},
		{"types over HTTP", "", "types --lang go --config FILE web", "package tools", "", 0},
	}, []string{"FILE", file}, func(t *testing.T, got outcome) {
		for _, part := range []string{"canary", "0123", "789"} {
			if strings.Contains(got.out+got.err, part) {
				t.Errorf("%q of a secret of the file is shown: %s%s", part, got.out, got.err)
			}
		}
		if strings.Count(got.err, "started in") > 1 {
			t.Errorf("its stderr is shown twice: %s", got.err)
		}
	})

	got := remora(t.Context(), "", "tools", "--json", "--quiet", "--config", file, "web", "local")
	var listed struct {
		Tools []struct{ Name, Server string }
	}
	if err := json.Unmarshal([]byte(got.out), &listed); err != nil || got.err != "" {
		t.Fatalf("%v: %s", err, got.err)
	}
	count := map[string]int{}
	for _, tool := range listed.Tools {
		count[tool.Server]++
	}
	if count["web"] < 6 || count["web"] != count["local"] || len(count) != 2 {
		t.Errorf("tools by server: %v", count)
	}
}

// A program of the file has its working directory.
func TestConfigFolder(t *testing.T) {
	folder := t.TempDir()
	file := config(t, fmt.Sprintf(`"here": {"command":"sh","args":["-c","pwd >&2; exit 3"],"cwd":%q}`, folder))
	got := remora(t.Context(), "", "tools", "--config", file)
	if got.status != exitUnreachable || !strings.Contains(got.err, "here: "+folder+"\n") {
		t.Errorf("status %d, %s", got.status, got.err)
	}
}

// The tab key runs no program.
func TestCompletionRunsNoProgramOfAFile(t *testing.T) {
	marker := t.TempDir() + "/ran"
	file := config(t, fmt.Sprintf(`"http://x": {"command":"sh","args":["-c",%q]}`, "echo > "+marker))
	flags := &serverFlags{config: file, timeout: time.Minute}
	cmd := &cobra.Command{}
	cmd.SetContext(t.Context())
	offers := fromServer(cmd, flags, "http://x", func(context.Context, *server) ([]int, error) { return []int{1}, nil })
	if _, err := os.Stat(marker); err == nil || offers != nil {
		t.Errorf("offered %v, %v", offers, err)
	}
}
