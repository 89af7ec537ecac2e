package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/host"
)

// runForm asks a person what a server wants to know, and for consent before
// anything is sent. An error says why there is no answer; leaving the form is
// an answer.
func runForm(d dialog, origin string, p *mcp.ElicitParams, redact *redactor) (*mcp.ElicitResult, error) {
	show := func(s string) string { return redact.text(harmless(s)) }
	d.Say(fmt.Sprintf("\n%s asks:\n%s\n", origin, indent(show(p.Message), "  ")))
	result, err := func() (*mcp.ElicitResult, error) {
		switch p.Mode {
		case "url":
			return askToOpen(d, show(p.URL))
		case "", "form":
			return fillForm(d, p.RequestedSchema, show)
		}
		return nil, &host.Error{Code: host.CodeLocalUnsupported, Message: fmt.Sprintf("an elicitation of the mode %q", oneLine(p.Mode, 40)), Sent: host.SentYes}
	}()
	if errors.Is(err, errLeave) {
		return &mcp.ElicitResult{Action: "cancel"}, nil
	}
	return result, err
}

func askToOpen(d dialog, url string) (*mcp.ElicitResult, error) {
	d.Say("It wants you to open this page; look at the address before you do:\n  " + url + "\n")
	choice, err := choose(d, "Opened it? [y]es, [n]o, [c]ancel: ", "y", "n", "c")
	if err != nil {
		return nil, err
	}
	return &mcp.ElicitResult{Action: map[string]string{"y": "accept", "n": "decline", "c": "cancel"}[choice]}, nil
}

// fillForm asks for one field after the other, then whether to send them.
func fillForm(d dialog, requested any, show func(string) string) (*mcp.ElicitResult, error) {
	raw, err := json.Marshal(requested)
	if err != nil {
		return nil, err
	}
	form := parseSchema(raw)
	names := form.names()
	if len(names) > 0 {
		d.Say("(Ctrl-D leaves the form, Ctrl-C cancels the call)\n")
	}
	for {
		content := map[string]any{}
		for _, name := range names {
			f := newField(name, form)
			value, err := f.ask(d, show)
			if err != nil {
				return nil, err
			}
			if value != nil {
				content[name] = value
			}
		}
		choice, err := choose(d, "Send this? [y]es, [n]o (decline), [e]dit, [c]ancel: ", "y", "n", "e", "c")
		if err != nil {
			return nil, err
		}
		switch choice {
		case "y":
			return &mcp.ElicitResult{Action: "accept", Content: content}, nil
		case "n":
			return &mcp.ElicitResult{Action: "decline"}, nil
		case "c":
			return &mcp.ElicitResult{Action: "cancel"}, nil
		}
	}
}

// choose asks until one of the answers is given, by its first letter.
func choose(d dialog, prompt string, answers ...string) (string, error) {
	for {
		line, err := d.Line(prompt)
		if err != nil {
			return "", err
		}
		line = strings.ToLower(strings.TrimSpace(line))
		for _, a := range answers {
			if strings.HasPrefix(line, a) {
				return a, nil
			}
		}
	}
}

// A forms answers elicitations with forms, one at a time.
type forms struct {
	keys      *keys
	out       *os.File
	redact    *redactor
	progress  *progressView
	interrupt func() // what Ctrl-C does
	turn      chan struct{}
}

// elicit is the handler of a session.
func (f *forms) elicit(ctx context.Context, p *mcp.ElicitParams, origin string) (*mcp.ElicitResult, error) {
	select {
	case f.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-f.turn }()
	defer f.progress.hide()()
	d, err := openDialog(ctx, f.keys, f.out)
	if err != nil {
		return nil, &host.Error{Code: host.CodeLocalUnsupported, Message: "the terminal takes no form: " + err.Error(), Sent: host.SentYes}
	}
	defer d.Close()
	result, err := runForm(d, origin, p, f.redact)
	if errors.Is(err, errInterrupt) {
		f.interrupt()
		return nil, &host.Error{Code: host.CodeLocalCancelled, Message: "Ctrl-C instead of an answer", Sent: host.SentYes}
	}
	return result, err
}
