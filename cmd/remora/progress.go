package main

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/schollz/progressbar/v3"
)

const (
	// barSteps is how finely a bar divides a call's progress.
	barSteps = 1000
	// drawEvery is the least time between two drawings of a bar.
	drawEvery = 50 * time.Millisecond
	// lineEvery is the least time between two lines where there is no terminal.
	lineEvery = time.Second
)

// A progressView shows the progress of one call: a bar in a terminal, otherwise
// a line now and then. It is safe for concurrent use.
type progressView struct {
	out    io.Writer
	width  func() int // of the terminal, in columns; nil if it is none
	redact *redactor

	mu     sync.Mutex
	bar    *progressbar.ProgressBar
	total  float64
	hidden bool // somebody else has the terminal
	ended  bool
	last   time.Time // when something was last written
}

// update shows one notification. It does nothing after end.
func (v *progressView) update(p *mcp.ProgressNotificationParams) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case v.ended || v.hidden:
	case v.width == nil:
		v.line(p)
	default:
		v.show(p)
	}
}

// line writes the first notification, the one that completes the total, and
// those in between at intervals.
func (v *progressView) line(p *mcp.ProgressNotificationParams) {
	complete := p.Total > 0 && p.Progress >= p.Total
	if !complete && time.Since(v.last) < lineEvery {
		return
	}
	v.last = time.Now()
	fmt.Fprintf(v.out, "remora: %s\n", v.text(p, 200))
}

// text is a notification on one line of at most limit characters of message.
func (v *progressView) text(p *mcp.ProgressNotificationParams, limit int) string {
	text := number(p.Progress)
	if p.Total > 0 {
		text += " of " + number(p.Total)
	}
	if message := oneLine(v.redact.text(p.Message), limit); message != "" {
		text += ": " + message
	}
	return text
}

// show draws the bar, the first and the last time and at intervals.
func (v *progressView) show(p *mcp.ProgressNotificationParams) {
	complete := p.Total > 0 && p.Progress >= p.Total
	if v.bar != nil && !complete && time.Since(v.last) < drawEvery {
		return
	}
	v.last = time.Now()
	if v.bar == nil || p.Total != v.total {
		v.clear()
		v.total = p.Total
		v.bar = v.newBar(p.Total > 0)
	}
	// Characters can be two columns wide, and what follows needs its place.
	v.bar.Describe(v.text(p, v.width()/4))
	// Errors are those of a terminal that is gone, or of a server that counts
	// beyond its total.
	if p.Total > 0 {
		_ = v.bar.Set(int(min(max(p.Progress/p.Total, 0), 1) * barSteps))
	} else {
		_ = v.bar.Add(1)
	}
}

func (v *progressView) newBar(total bool) *progressbar.ProgressBar {
	steps := barSteps
	if !total {
		steps = -1 // a spinner
	}
	return progressbar.NewOptions(steps,
		progressbar.OptionSetWriter(v.out),
		progressbar.OptionSetWidth(max(v.width()/4, 5)),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionUseANSICodes(true),
		progressbar.OptionSetSpinnerChangeInterval(0), // otherwise it draws by itself, on a goroutine
		progressbar.OptionSetTheme(progressbar.ThemeASCII),
	)
}

func (v *progressView) clear() {
	if v.bar != nil {
		_ = v.bar.Clear() // a terminal that is gone needs no clearing
		v.bar = nil
	}
}

// hide takes the bar away until show is called.
func (v *progressView) hide() (show func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.hidden = true
	v.clear()
	return func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.hidden = false
	}
}

// end takes the bar away for good.
func (v *progressView) end() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ended = true
	v.clear()
}

// number is f for a person.
func number(f float64) string {
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e15) {
		return strconv.FormatFloat(f, 'g', 6, 64)
	}
	return strconv.FormatFloat(math.Round(f*1e6)/1e6, 'f', -1, 64)
}
