// Command bench measures remora and its peers side by side: the same work, against
// the same server, in one run, in turns. What it prints has each figure beside its
// target; everything that was measured is written as JSON.
//
//	go run ./test/bench --help
//
// It measures what build.sh has built. docs/performance.md says what came of it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"github.com/remora-mcp/remora/test/internal/kit"
)

// settings are what the command line says.
type settings struct {
	rounds     int
	quick      bool
	works      []string
	clients    []string
	node       int
	failAbove  float64
	output     string
	profiles   string
	onlyListed bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	s, err := parse(os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse(args []string) (settings, error) {
	var s settings
	var only, clients string
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.Usage = func() { help(flags) }
	flags.IntVar(&s.rounds, "rounds", 0, "how often each client does each work; the medians count (default 9, with --quick 3)")
	flags.BoolVar(&s.quick, "quick", false, "less of everything: a minute or two, and rougher figures")
	flags.StringVar(&only, "only", "", "work to do, by name, with commas between")
	flags.StringVar(&clients, "clients", "", "clients to measure, by name or the beginning of it (node, go/host), with commas between")
	flags.IntVar(&s.node, "node", 22, "major version of the Node to measure in: 22 or 24")
	flags.Float64Var(&s.failAbove, "fail-above", 0, "exit status 1 if a ratio is more than so many times its target")
	flags.StringVar(&s.output, "json", "dist/bench.json", "file to write")
	flags.StringVar(&s.profiles, "profiles", "", "folder to write CPU profiles of the drivers to; what is measured then is slower")
	flags.BoolVar(&s.onlyListed, "list", false, "print the names of the work and the clients")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if flags.NArg() > 0 {
		return s, fmt.Errorf("%q is no flag; --help says more", flags.Arg(0))
	}
	if s.rounds == 0 {
		s.rounds = 9
		if s.quick {
			s.rounds = 3
		}
	}
	if s.rounds < 1 {
		return s, errors.New("--rounds must be at least 1")
	}
	s.works, s.clients = split(only), split(clients)
	for _, name := range s.works {
		if !slices.ContainsFunc(works(), func(w work) bool { return w.name == name }) {
			return s, fmt.Errorf("there is no work %q; --list says what there is", name)
		}
	}
	for _, name := range s.clients {
		if !slices.ContainsFunc(clientTable, func(c client) bool { return c.matches(name) }) {
			return s, fmt.Errorf("there is no client %q; --list says which there are", name)
		}
	}
	return s, nil
}

func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

func help(flags *flag.FlagSet) {
	fmt.Print(`usage: bench [FLAGS]      (make bench BENCH="FLAGS")

Measures remora and its peers side by side, in turns, and prints each figure with its
target. It takes about a quarter of an hour; --quick a few minutes. Nothing else
should run meanwhile: the ratios suffer less than the times.

`)
	flags.SetOutput(os.Stdout)
	flags.PrintDefaults()
}

func run(ctx context.Context, s settings) error {
	if s.onlyListed {
		list()
		return nil
	}
	top, err := kit.Root()
	if err != nil {
		return err
	}
	if err := os.Chdir(top); err != nil {
		return err
	}
	b, err := prepare(ctx, s)
	if err != nil {
		return err
	}
	defer b.close()
	for _, w := range works() {
		if !b.chosen(w) {
			continue
		}
		if err := b.do(ctx, w); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
	}
	report := b.report()
	report.print(os.Stdout)
	if err := os.MkdirAll(filepath.Dir(s.output), 0o755); err != nil {
		return err
	}
	if err := report.write(s.output); err != nil {
		return err
	}
	if s.failAbove > 0 {
		return report.gross(s.failAbove)
	}
	return nil
}

func list() {
	fmt.Println("work:")
	for _, w := range works() {
		fmt.Printf("  %-14s %s\n", w.name, w.title)
	}
	fmt.Println("clients:")
	for _, c := range clientTable {
		fmt.Printf("  %-14s %s\n", c.name, c.title)
	}
}
