package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
)

// A report is what a run has measured. It is what --json writes.
type report struct {
	Machine  machine    `json:"machine"`
	Rounds   int        `json:"rounds"`
	Quick    bool       `json:"quick,omitempty"`
	Figures  []measured `json:"figures"`
	Measured []*samples `json:"measured"`

	works []work
}

// A machine is where it was measured.
type machine struct {
	OS   string `json:"os"`
	Arch string `json:"arch"`
	CPUs int    `json:"cpus"`
	Go   string `json:"go"`
	Node int    `json:"node"`
}

// A measured figure, beside its target. Both are ratios if there is a peer, and
// otherwise in the unit.
type measured struct {
	Title  string  `json:"title"`
	Work   string  `json:"work"`
	Client string  `json:"client"`
	Peer   string  `json:"peer,omitempty"`
	Unit   string  `json:"unit"`
	Value  float64 `json:"value"`
	Of     float64 `json:"peerValue,omitempty"`
	Ratio  float64 `json:"ratio,omitempty"`
	Target float64 `json:"target"`
	Met    bool    `json:"met"`
}

func (b *bench) report() *report {
	r := &report{
		Machine: machine{runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version(), b.node},
		Rounds:  b.rounds, Quick: b.quick, Measured: b.samples, works: works(),
	}
	for _, f := range figures {
		own := b.find(f.work, f.client, f.measure.name)
		if own == nil {
			continue
		}
		m := measured{Title: f.title, Work: f.work, Client: f.client, Peer: f.peer, Unit: f.measure.unit, Value: own.Median, Target: f.target}
		if f.peer != "" {
			peer := b.find(f.work, f.peer, f.measure.name)
			if peer == nil {
				continue
			}
			m.Of, m.Ratio = peer.Median, own.Median/peer.Median
		}
		m.Met = m.Ratio <= m.Target
		if f.peer == "" {
			m.Met = m.Value <= m.Target
		}
		r.Figures = append(r.Figures, m)
	}
	return r
}

func (r *report) write(path string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}

// print writes two tables: everything that was measured, by work, and the figures.
func (r *report) print(to io.Writer) {
	fmt.Fprintf(to, "\nmedians of %d rounds, %d CPUs, Node %d, %s\n\n", r.Rounds, r.Machine.CPUs, r.Machine.Node, r.Machine.Go)
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for _, w := range r.works {
		title := w.title
		for _, s := range r.Measured {
			if s.Work != w.name {
				continue
			}
			low, high := bounds(s.Values)
			fmt.Fprintf(table, "%s\t%s\t%s\t%s %s\t(%s to %s)\n", title, s.Client, s.Measure, number(s.Median), s.Unit, number(low), number(high))
			title = ""
		}
	}
	_ = table.Flush()
	if len(r.Figures) == 0 {
		return
	}
	fmt.Fprintln(to)
	table = tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "figure\tremora\tpeer\tratio\ttarget\t")
	for _, m := range r.Figures {
		value, peer, ratio, target, verdict := number(m.Value)+" "+m.Unit, "", "", number(m.Target)+" "+m.Unit, "missed"
		if m.Peer != "" {
			peer, ratio, target = number(m.Of)+" "+m.Unit, fmt.Sprintf("%.2f", m.Ratio), fmt.Sprintf("%.2f", m.Target)
		}
		if m.Met {
			verdict = "met"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t≤ %s\t%s\n", m.Title, value, peer, ratio, target, verdict)
	}
	_ = table.Flush()
}

// gross returns an error that names the ratios which are more than so many times
// their target. Other figures depend on the machine and on what else it does.
func (r *report) gross(times float64) error {
	var over []string
	for _, m := range r.Figures {
		if m.Peer != "" && m.Ratio > times*m.Target {
			over = append(over, fmt.Sprintf("%s: %s, the target is %s", m.Title, number(m.Ratio), number(m.Target)))
		}
	}
	if len(over) > 0 {
		return fmt.Errorf("more than %g times the target:\n  %s", times, strings.Join(over, "\n  "))
	}
	return nil
}

func bounds(values []float64) (low, high float64) {
	low, high = values[0], values[0]
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	return low, high
}

// number writes a value with three digits that count.
func number(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}
