// Command testsum adds up the JUnit reports of a test run.
//
//	go run ./internal/checks/testsum NAME:STATUS:FILE...
//
// Each argument is one part of the run: its name, the exit status of the program
// that ran it, and the report that it wrote. The last line of the output is
//
//	N passed, N failed
//
// and the exit status is 1 unless every part ran at least one test and nothing
// failed. A part that ended with a status of its own, left no report, or ran no
// test counts as one failure, so that what did not run is never taken for good.
// Skipped tests are listed and counted in neither number.
package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: testsum NAME:STATUS:FILE...")
		os.Exit(2)
	}
	if !summarize(os.Stdout, os.Args[1:]) {
		os.Exit(1)
	}
}

// A part is one argument and what became of it.
type part struct {
	name    string
	passed  int
	failed  []string
	skipped []string
}

// summarize writes the report of all parts and says whether all is well.
func summarize(w io.Writer, args []string) bool {
	var parts []part
	for _, arg := range args {
		parts = append(parts, read(arg))
	}
	passed, failed := 0, 0
	fmt.Fprintln(w)
	for _, p := range parts {
		fmt.Fprintf(w, "%-24s %5d passed %5d failed", p.name, p.passed, len(p.failed))
		if len(p.skipped) > 0 {
			fmt.Fprintf(w, " %5d skipped", len(p.skipped))
		}
		fmt.Fprintln(w)
		passed += p.passed
		failed += len(p.failed)
	}
	for _, p := range parts {
		for _, name := range p.skipped {
			fmt.Fprintf(w, "skipped: %s: %s\n", p.name, name)
		}
	}
	for _, p := range parts {
		for _, name := range p.failed {
			fmt.Fprintf(w, "failed: %s: %s\n", p.name, name)
		}
	}
	fmt.Fprintf(w, "%d passed, %d failed\n", passed, failed)
	return failed == 0
}

// read takes one argument. It never fails: what goes wrong is a failed test.
func read(arg string) part {
	fields := strings.SplitN(arg, ":", 3)
	if len(fields) != 3 {
		return part{name: arg, failed: []string{"not NAME:STATUS:FILE"}}
	}
	p := part{name: fields[0]}
	status, err := strconv.Atoi(fields[1])
	if err != nil {
		p.failed = append(p.failed, fmt.Sprintf("exit status %q is no number", fields[1]))
	}
	file, err := os.Open(fields[2])
	if err == nil {
		defer file.Close()
		err = p.add(file)
	}
	switch {
	case err != nil:
		p.failed = append(p.failed, fmt.Sprintf("no usable report: %v", err))
	case p.passed == 0 && len(p.failed) == 0:
		p.failed = append(p.failed, "no test ran")
	}
	if status != 0 && len(p.failed) == 0 {
		p.failed = append(p.failed, fmt.Sprintf("ended with status %d", status))
	}
	return p
}

// A testcase is the element of that name, wherever it stands in the report:
// runners differ in how they nest suites.
type testcase struct {
	Name    string    `xml:"name,attr"`
	Class   string    `xml:"classname,attr"`
	Failure *struct{} `xml:"failure"`
	Error   *struct{} `xml:"error"`
	Skipped *struct{} `xml:"skipped"`
}

// add reads a report to its end.
func (p *part) add(r io.Reader) error {
	decoder := xml.NewDecoder(r)
	seen := false
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			if !seen {
				return fmt.Errorf("it is empty")
			}
			return nil
		}
		if err != nil {
			return err
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		seen = true
		if start.Name.Local != "testcase" {
			continue
		}
		var t testcase
		if err := decoder.DecodeElement(&t, &start); err != nil {
			return err
		}
		name := strings.TrimPrefix(t.Class+" "+t.Name, " ")
		switch {
		case t.Failure != nil || t.Error != nil:
			p.failed = append(p.failed, name)
		case t.Skipped != nil:
			p.skipped = append(p.skipped, name)
		default:
			p.passed++
		}
	}
}
