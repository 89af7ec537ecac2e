package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func TestServersThatArePrograms(t *testing.T) {
	url := demo(t)
	const server = "-- PROGRAM demo-server --stdio"
	runRows(t, []row{ // PROGRAM stands for this program
		{"tools", "", "tools " + server, "slow([delayMs: integer], [steps: integer])\n    Takes its time", "", 0},
		{"inspect", "", "inspect " + server, "server        remora-demo-server", "", 0},
		{"protocol", "", "inspect --protocol 2025-06-18 " + server, "protocol      2025-06-18\n", "", 0},
		{"key=value", "", "call add a=2 b=3 " + server, "5\n{\n  \"sum\": 5\n}\n", "", 0},
		{"JSON", "", `call echo {"message":"12"} ` + server, "12\n", "", 0},
		{"stdin", `{"message":"from stdin"}`, `call echo - ` + server, "from stdin\n", "", 0},
		{"flags", "", `call --json echo message=x ` + server, `"text":"x"`, "", 0},
		{"progress", "", "call slow steps=2 delayMs=0 " + server, "done after 2 steps\n", "remora: 2 of 2: step 2 of 2\n", 0},
		{"a tool's error", "", "call fail " + server, "this tool always fails\n", "", 1},
		{"a header", "", "tools -H A:b " + server, "", "are for a URL", 2},
		{"no program", "", "tools --", "", "a server is missing", 2},
		{"no tool", "", "call " + server, "", "requires at least 1 arg(s) besides the server", 2},
		{"too much", "", "tools x " + server, "", "accepts 0 arg(s) besides the server", 2},
		{"not there", "", "tools -- no-such-program-anywhere", "", "channel/closed: the server's program cannot be started", 4},
		{"no server", "", "tools --quiet -- PROGRAM tools --fast", "", "unknown flag: --fast", 4},
		{"-- behind a URL", "", "call URL echo -- message=-x", "-x\n", "", 0},
	}, []string{"PROGRAM", os.Args[0], "URL", url}, nil)
}

// What a server writes to its stderr is shown, line by line, and moves no cursor.
func TestHarmlessWriter(t *testing.T) {
	var out bytes.Buffer
	w := &harmlessWriter{to: &out, prefix: "p: ", redact: newRedactor([]string{"canary"})}
	for _, piece := range []string{"be", "gins\nred: \x1b[31m of a can", "ary\n", strings.Repeat("x", maxStderrLine+1), "\n"} {
		if n, err := w.Write([]byte(piece)); n != len(piece) || err != nil {
			t.Fatal(n, err)
		}
	}
	lines := strings.Split(out.String(), "\n")
	if len(lines) != 5 || lines[0] != "p: begins" || lines[1] != `p: red: \u001b[31m of a [redacted]` || len(lines[2]) != len("p: ")+maxStderrLine || lines[3] != "p: x" {
		t.Errorf("%d lines: %.100q", len(lines), out.String())
	}
}
