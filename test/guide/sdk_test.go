package guide

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/cmd/remora/demoserver"
	"github.com/remora-mcp/remora/test/internal/kit"
)

// leastPairs is how many pairs of programs the guide for users of the TypeScript
// SDK had when this was written.
const leastPairs = 6

// sameRow is a row of a table that says of methods that remora has the same.
var sameRow = regexp.MustCompile(`(?m)^\| (` + "`[^|]+`" + `) \| the same[,.; ]`)

// TestPairs runs the programs of the guide for users of the TypeScript SDK: each
// with the SDK's client, and the one after it with remora's, print the same. The
// methods of which it says so are there in both.
func TestPairs(t *testing.T) {
	path, err := kit.In("docs", "guide", "from-the-typescript-sdk.md")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	server, err := demoserver.Start("127.0.0.1:0", "0.0.0-test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	const sdk = "@modelcontextprotocol/client"
	var programs []string
	for _, m := range block.FindAllStringSubmatch(string(text), -1) {
		if !strings.Contains(m[2], address) {
			t.Errorf("a program without a server:\n%s", m[2])
		}
		programs = append(programs, strings.ReplaceAll(m[2], address, server.URL()))
	}
	if len(programs) < 2*leastPairs || len(programs)%2 != 0 {
		t.Fatalf("%d programs, want pairs, at least %d", len(programs), leastPairs)
	}
	var names []string
	for _, m := range sameRow.FindAllStringSubmatch(string(text), -1) {
		for _, name := range strings.Split(m[1], ", ") {
			if name != "`cacheMode`" { // which is an option
				names = append(names, strings.Trim(name, "`"))
			}
		}
	}
	if len(names) < 17 {
		t.Fatalf("the guide says of %d methods that they are the same, want at least 17", len(names))
	}
	missing := fmt.Sprintf("for (const name of %q.split(' ')) if (!(name in Client.prototype)) throw new Error(name);\nconsole.log('all');\n// %s", strings.Join(names, " "), address)
	programs = append(programs, fmt.Sprintf("import { Client } from %q;\n", sdk)+missing, "import { Client } from \"remora-mcp\";\n"+missing)
	installed, err := kit.NPM(sdk)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(programs); i += 2 {
		t.Run(fmt.Sprint(i/2+1), func(t *testing.T) {
			if !strings.Contains(programs[i], sdk) || strings.Contains(programs[i+1], sdk) {
				t.Fatal("not one program with the SDK and then one with remora")
			}
			dir, err := kit.Temp("_guide", "sdk", "ts")
			if err != nil {
				t.Fatal(err)
			}
			install(t, dir, sdk, installed)
			top, err := kit.Root()
			if err != nil {
				t.Fatal(err)
			}
			theirs := run(t, top, "sdk", "ts", programs[i])
			ours := run(t, top, "sdk", "ts", programs[i+1])
			if theirs == "" || theirs != ours {
				t.Errorf("the SDK's program prints\n%s\nremora's prints\n%s", theirs, ours)
			}
		})
	}
}
