package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	// As gotestsum writes it.
	goReport = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="3" failures="1" errors="0" time="0.1">
	<testsuite tests="3" failures="1" name="example.com/x">
		<testcase classname="x" name="TestGood" time="0.0"></testcase>
		<testcase classname="x" name="TestBad" time="0.0"><failure message="Failed" type="">got 1</failure></testcase>
		<testcase classname="x" name="TestLater"><skipped message="not here"></skipped></testcase>
	</testsuite>
</testsuites>`
	// As node --test --test-reporter=junit writes it.
	nodeReport = `<?xml version="1.0" encoding="utf-8"?>
<testsuites>
	<testcase name="alone" time="0.1" classname="test"/>
	<testsuite name="group" tests="2" failures="0" skipped="0">
		<testcase name="inner" time="0.1" classname="test"/>
		<testsuite name="deeper" tests="1"><testcase name="innermost" time="0.1" classname="test"/></testsuite>
	</testsuite>
	<!-- tests 3 -->
</testsuites>`
)

func TestSummarize(t *testing.T) {
	for _, test := range []struct {
		name    string
		reports map[string]string // part:status -> report; "-" for no file
		ok      bool
		want    []string
	}{
		{"all good", map[string]string{"js:0": nodeReport}, true, []string{"3 passed, 0 failed"}},
		{"one test failed", map[string]string{"go:1": goReport}, false,
			[]string{"1 passed, 1 failed", "failed: go: x TestBad", "skipped: go: x TestLater"}},
		{"two parts", map[string]string{"go:1": goReport, "js:0": nodeReport}, false, []string{"4 passed, 1 failed"}},
		{"status with no failed test", map[string]string{"js:3": nodeReport}, false,
			[]string{"3 passed, 1 failed", "failed: js: ended with status 3"}},
		{"no report", map[string]string{"js:0": "-"}, false, []string{"0 passed, 1 failed", "no usable report"}},
		{"empty report", map[string]string{"js:0": ""}, false, []string{"0 passed, 1 failed", "no usable report: it is empty"}},
		{"cut report", map[string]string{"js:0": nodeReport[:150]}, false, []string{"1 failed", "no usable report"}},
		{"no test", map[string]string{"js:0": "<testsuites></testsuites>"}, false, []string{"failed: js: no test ran"}},
		{"only skipped", map[string]string{"js:0": `<testsuites><testcase name="a"><skipped/></testcase></testsuites>`}, false,
			[]string{"failed: js: no test ran"}},
		{"status is no number", map[string]string{"js:x": nodeReport}, false, []string{`exit status "x" is no number`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			var args []string
			for key, report := range test.reports {
				file := filepath.Join(dir, strings.ReplaceAll(key, ":", "_"))
				if report != "-" {
					if err := os.WriteFile(file, []byte(report), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				args = append(args, key+":"+file)
			}
			var out strings.Builder
			if ok := summarize(&out, args); ok != test.ok {
				t.Errorf("ok = %v, want %v", ok, test.ok)
			}
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			for _, want := range test.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("output lacks %q:\n%s", want, &out)
				}
			}
			if last := lines[len(lines)-1]; !strings.Contains(last, " passed, ") {
				t.Errorf("last line is %q", last)
			}
		})
	}
}

func TestMalformedArgumentIsAFailure(t *testing.T) {
	var out strings.Builder
	if summarize(&out, []string{"nonsense"}) {
		t.Errorf("accepted:\n%s", &out)
	}
}
