package host

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
)

// PasteRedirectURL is where a person comes back to who is to paste the address
// from there. Nothing has to be at it: the browser shows the address all the same.
const PasteRedirectURL = "http://127.0.0.1/callback"

// A PasteAuthorizer has a person log in with the browser of any machine: it prints
// the page's URL, and reads the address that the person came back to from a
// reader. AuthOptions.RedirectURL can be PasteRedirectURL with it, or another
// address that the authorization server takes. It is safe for concurrent use; it
// asks for one thing at a time.
type PasteAuthorizer struct {
	in  io.Reader
	out io.Writer

	turn  chan struct{} // holds one token while somebody asks
	start sync.Once
	lines chan string // closed at the end of in
}

// NewPasteAuthorizer returns a PasteAuthorizer that prints to out and reads lines
// from in, from the first question on: it may have read more than it needed.
func NewPasteAuthorizer(in io.Reader, out io.Writer) *PasteAuthorizer {
	return &PasteAuthorizer{in: in, out: out, turn: make(chan struct{}, 1), lines: make(chan string)}
}

func (a *PasteAuthorizer) read() {
	defer close(a.lines)
	scanner := bufio.NewScanner(a.in)
	scanner.Buffer(nil, maxAnswerBytes+2)
	for scanner.Scan() {
		a.lines <- scanner.Text()
	}
}

// Authorize is an AuthOptions.Authorize. The end of what is read is CodeAuthDenied.
func (a *PasteAuthorizer) Authorize(ctx context.Context, r AuthorizeRequest) (string, error) {
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	a.start.Do(func() { go a.read() })
	fmt.Fprintf(a.out, "Open this page in a browser to log in:\n\n  %s\n\nThen paste the address that you have come back to, which begins with %s:\n", r.URL, r.RedirectURL)
	for {
		select {
		case line, ok := <-a.lines:
			line = strings.Trim(strings.TrimSpace(line), `"'<>`)
			switch {
			case !ok:
				return "", failure(CodeAuthDenied, "no address was pasted")
			case line == "":
			case isAnswerTo(line, r.RedirectURL) && strings.Contains(line, "?"):
				return line, nil
			default:
				fmt.Fprintf(a.out, "That is not the address. It begins with %s?\n", r.RedirectURL)
			}
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}
