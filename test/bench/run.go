package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/remora-mcp/remora/test/internal/kit"
)

// A bench is one run of the benchmarks.
type bench struct {
	settings
	ctx         context.Context
	goDriver    string
	nodeProgram string
	plain       string // the plugin with LEAN=0
	server      string // its URL
	stopServer  func()
	samples     []*samples
}

// samples are what was measured of one thing for one client, one value a round.
type samples struct {
	Work    string    `json:"work"`
	Client  string    `json:"client"`
	Measure string    `json:"measure"`
	Unit    string    `json:"unit"`
	Median  float64   `json:"median"`
	Values  []float64 `json:"values"`
}

// A sample is what one client did in one round, by measure.
type sample map[measure]float64

// A measure is what is measured of a work, and its unit.
type measure struct{ name, unit string }

// compare puts what each work has, its time, first.
func (m measure) compare(other measure) int { return -strings.Compare(m.name, other.name) }

// prepare builds what is missing and starts the server.
func prepare(ctx context.Context, s settings) (*bench, error) {
	b := &bench{settings: s, ctx: ctx, stopServer: func() {}}
	if s.profiles != "" {
		var err error
		if b.profiles, err = filepath.Abs(s.profiles); err != nil {
			return nil, err
		}
		if err := os.MkdirAll(b.profiles, 0o755); err != nil {
			return nil, err
		}
	}
	if err := b.prepareClients(); err != nil {
		return nil, err
	}
	program, err := kit.Build(ctx, "bench-server", "./test/bench/server")
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	b.stopServer = func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.stopServer()
		return nil, fmt.Errorf("the server does not say where it is: %w", err)
	}
	b.server = strings.TrimSpace(line)
	return b, nil
}

func (b *bench) close() { b.stopServer() }

// environment is what a driver is told besides its arguments.
func (b *bench) environment(client string) []string {
	env := []string{"REMORA_BENCH_CACHE=" + b.cache(), "REMORA_BENCH_PLAIN=" + b.plain}
	if b.profiles != "" && strings.HasPrefix(client, "go/") {
		name := strings.ReplaceAll(client, "/", "-") + ".pprof"
		env = append(env, "REMORA_BENCH_PROFILE="+filepath.Join(b.profiles, name))
	}
	return env
}

// cache is a folder of the benchmarks' own for compiled plugins.
func (b *bench) cache() string {
	dir, err := kit.Temp("bench", "cache")
	if err != nil {
		return ""
	}
	return dir
}

// wanted says whether a client is to be measured.
func (b *bench) wanted(name string) bool {
	c := named(name)
	return len(b.clients) == 0 || slices.ContainsFunc(b.clients, c.matches)
}

// chosen says whether a work is to be done.
func (b *bench) chosen(w work) bool {
	if len(b.works) == 0 {
		return !b.quick || !w.growth
	}
	return slices.Contains(b.works, w.name)
}

// do does a work with each of its clients: a round that does not count, then the
// rounds. Each begins with another client.
func (b *bench) do(ctx context.Context, w work) error {
	var clients []string
	for _, name := range w.clients {
		if b.wanted(name) {
			clients = append(clients, name)
		}
	}
	if len(clients) == 0 {
		return nil
	}
	rounds := b.rounds
	if w.maxRounds > 0 {
		rounds = min(rounds, w.maxRounds)
	}
	fmt.Fprintf(os.Stderr, "bench: %s: ", w.title)
	defer fmt.Fprintln(os.Stderr)
	team := w.team(b)
	defer team.stop()
	for _, name := range clients {
		if err := team.warm(ctx, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for round := range rounds {
		for i := range clients {
			name := clients[(i+round)%len(clients)]
			values, err := team.round(ctx, name)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			for _, m := range slices.SortedFunc(maps.Keys(values), measure.compare) {
				b.note(w.name, name, m, values[m])
			}
			_, _ = io.WriteString(os.Stderr, ".")
			if ctx.Err() != nil {
				return errors.New("interrupted")
			}
		}
	}
	return nil
}

// note keeps a value.
func (b *bench) note(work, client string, m measure, value float64) {
	s := b.find(work, client, m.name)
	if s == nil {
		s = &samples{Work: work, Client: client, Measure: m.name, Unit: m.unit}
		b.samples = append(b.samples, s)
	}
	s.Values = append(s.Values, value)
	s.Median = median(s.Values)
}

// find returns what was measured, or nil.
func (b *bench) find(work, client, measure string) *samples {
	i := slices.IndexFunc(b.samples, func(s *samples) bool {
		return s.Work == work && s.Client == client && s.Measure == measure
	})
	if i < 0 {
		return nil
	}
	return b.samples[i]
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
