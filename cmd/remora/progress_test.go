package main

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func TestProgressLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		v := &progressView{out: &out, redact: newRedactor(nil)}
		for i := range 31 { // three seconds
			v.update(&mcp.ProgressNotificationParams{Progress: float64(i), Total: 30, Message: "step\x1b[2J"})
			time.Sleep(100 * time.Millisecond)
		}
		v.end()
		v.update(&mcp.ProgressNotificationParams{Progress: 99})
		want := "remora: 0 of 30: step\\u001b[2J\nremora: 10 of 30: step\\u001b[2J\nremora: 20 of 30: step\\u001b[2J\nremora: 30 of 30: step\\u001b[2J\n"
		if got := out.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestProgressBar(t *testing.T) {
	synctest.Test(t, testProgressBar)
}

func testProgressBar(t *testing.T) {
	var out bytes.Buffer
	v := &progressView{out: &out, width: func() int { return 80 }, redact: newRedactor(nil)}
	v.update(&mcp.ProgressNotificationParams{Progress: 1, Total: 4, Message: "first"})
	if got := out.String(); !strings.Contains(got, "1 of 4: first  25% [") {
		t.Errorf("got %q", got)
	}
	out.Reset()
	show := v.hide()
	if !strings.Contains(out.String(), "\x1b[2K") {
		t.Errorf("hiding wrote %q", out.String())
	}
	out.Reset()
	v.update(&mcp.ProgressNotificationParams{Progress: 2, Total: 4})
	if out.Len() != 0 {
		t.Errorf("hidden, it wrote %q", out.String())
	}
	show()
	time.Sleep(drawEvery)
	v.update(&mcp.ProgressNotificationParams{Progress: 3, Total: 4})
	if got := out.String(); !strings.Contains(got, "75%") {
		t.Errorf("shown again, it wrote %q", got)
	}
	v.end()
	out.Reset()
	v.update(&mcp.ProgressNotificationParams{Progress: 4, Total: 4})
	if out.Len() != 0 {
		t.Errorf("after the end it wrote %q", out.String())
	}
}

// TestOddProgress: what a server counts is its own affair.
func TestOddProgress(t *testing.T) {
	for _, p := range []mcp.ProgressNotificationParams{
		{}, {Progress: -1}, {Progress: -1, Total: 3}, {Progress: 9, Total: 3}, {Progress: 1, Total: -1},
		{Progress: math.MaxFloat64, Total: math.SmallestNonzeroFloat64}, {Progress: 1, Message: strings.Repeat("界", 300)},
	} {
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			v := &progressView{out: &out, width: func() int { return 3 }, redact: newRedactor(nil)}
			v.update(&p)
			v.update(&p)
			time.Sleep(drawEvery)
			v.update(&mcp.ProgressNotificationParams{Progress: 1, Total: 2})
			if got := out.String(); !strings.Contains(got, "1 of 2") || len(got) > 500 {
				t.Errorf("after %+v: %q", p, got)
			}
			v.end()
		})
	}
}
