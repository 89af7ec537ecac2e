package host

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func TestStderrLines(t *testing.T) {
	long := strings.Repeat("x", maxStderrLine)
	for _, c := range []struct {
		name   string
		writes []string
		redact func(string) string
		want   []string
		end    string
	}{
		{"pieces of lines", []string{"be", "gins\ngoes on\r\n\nen", "ds"}, nil, []string{"begins", "goes on", "ends"}, "begins\ngoes on\n\nends\n"},
		{"not UTF-8", []string{"a\xffb\n"}, nil, []string{"a\uFFFDb"}, "a\uFFFDb\n"},
		{"a long line", []string{long + "yz\n"}, nil, []string{long, "yz"}, long[:maxStderrTail-4] + "\nyz\n"},
		{"as long as it may be", []string{long, "\n"}, nil, []string{long}, long[:maxStderrTail-2] + "\n\n"},
		{"redacted", []string{"the key is can", "ary\nbye\n"}, func(line string) string { return strings.ReplaceAll(line, "canary", "-") },
			[]string{"the key is -", "bye"}, "the key is -\nbye\n"},
		{"cannot be redacted", []string{"canary\nbye\n"}, func(line string) string {
			if line == "canary" {
				panic(line)
			}
			return line
		}, []string{"bye"}, "bye\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			lines := stderrLines{redact: c.redact, told: func(line string) { got = append(got, line) }}
			for _, piece := range c.writes {
				lines.write([]byte(piece))
			}
			lines.close()
			if !slices.Equal(got, c.want) {
				t.Errorf("%.200q, want %.200q", got, c.want)
			}
			if end := lines.end(); end != c.end {
				t.Errorf("the end is %d bytes, %.200q, want %d", len(end), end, len(c.end))
			}
		})
	}
}

// Each line of a program's stderr is a log event, from its start to its end.
func TestStderrIsLogged(t *testing.T) {
	rt := openRuntime(t)
	const script = `echo "it starts" >&2; "$0"; echo "it ends" >&2`
	for _, version := range []string{"2025-11-25", "2026-07-28"} {
		t.Run(version, func(t *testing.T) {
			//lint:ignore SA1019 see Events.Log
			heard, closed := make(chan *mcp.LoggingMessageParams, 100), make(chan bool)
			var copied lockedBuffer
			c := Command{Path: "sh", Args: []string{"-c", script, stdioCommand("").Path}, Env: stdioCommand("server").Env, Stderr: &copied}
			s := connectCommand(t, rt, c, &ConnectOptions{ProtocolVersion: version, Events: Events{
				//lint:ignore SA1019 see Events.Log
				Log: func(p *mcp.LoggingMessageParams) { heard <- p },
				State: func(c StateChange) {
					if c.State == StateClosed {
						close(closed)
					}
				},
			}})
			first := <-heard
			if first.Logger != StderrLogger || first.Level != "info" || first.Data != "it starts" {
				t.Errorf("heard %+v", first)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			<-closed
			close(heard)
			var last any
			for p := range heard {
				last = p.Data
			}
			if last != "it ends" {
				t.Errorf("heard %v last", last)
			}
			copied.await(t, "it ends\n")
		})
	}
}

// What an error quotes of stderr was redacted before it was cut: no part of a
// secret is left over at the cut, wherever that is.
func TestStderrIsRedactedBeforeItIsCut(t *testing.T) {
	rt := openRuntime(t)
	const secret = "canary-0123456789-canary"
	for _, after := range []int{180, 190, maxStderrTail - 10} {
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			script := `printf 'the key is %s%s\n' "$KEY" "$REST" >&2; exit 3`
			_, err := rt.ConnectCommand(t.Context(), Command{
				Path: "sh", Args: []string{"-c", script}, Env: []string{"KEY=" + secret, "REST=" + strings.Repeat(".", after)},
				Redact: func(line string) string { return strings.ReplaceAll(line, secret, "-") },
			}, nil)
			var e *Error
			if !errors.As(err, &e) || e.Code != CodeChannelClosed || !strings.Contains(e.Message, "....") {
				t.Fatalf("%v", err)
			}
			for _, part := range []string{"canary", "0123", "789", "ary"} {
				if strings.Contains(e.Message+string(e.Data), part) {
					t.Errorf("%q is left in %s, %s", part, e.Message, e.Data)
				}
			}
		})
	}
}
