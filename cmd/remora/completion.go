package main

import (
	"context"
	"encoding/json"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// completionWait bounds how long the shell waits for a server when a person
// presses the tab key. Tests wait longer.
var completionWait = 3 * time.Second

// completionName is what is offered to a shell: names in which no shell sees
// anything but a word.
var completionName = regexp.MustCompile(`^[A-Za-z0-9_./-]+$`)

// completeCall offers the tools of the server that is already on the command
// line, then the arguments of the tool. It connects with the flags given so far,
// and offers nothing if that fails or takes long.
func completeCall(flags *serverFlags) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		const nothing = cobra.ShellCompDirectiveNoFileComp
		if len(args) == 0 || !isURL(args[0]) {
			return nil, nothing
		}
		if len(args) > 1 && strings.Contains(word, "=@") {
			return nil, cobra.ShellCompDirectiveDefault
		}
		tools := toolsFor(cmd, flags, args[0])
		if len(args) == 1 {
			return offerTools(tools), nothing
		}
		t, err := findTool(tools, args[1])
		if err != nil {
			return nil, nothing
		}
		return offerArguments(parseSchema(t.Input), args[2:]), nothing | cobra.ShellCompDirectiveNoSpace
	}
}

// isURL reports whether a word is one of those that a server is reached by.
func isURL(word string) bool {
	for _, scheme := range []string{"http://", "https://", "ws://", "wss://"} {
		if strings.HasPrefix(word, scheme) {
			return true
		}
	}
	return false
}

// toolsFor returns what can be had of a server's tools within completionWait.
func toolsFor(cmd *cobra.Command, flags *serverFlags, url string) []tool {
	return fromServer(cmd, flags, url, listTools)
}

// fromServer asks a server for something to offer, and returns what can be had
// within completionWait.
func fromServer[T any](cmd *cobra.Command, flags *serverFlags, url string, ask func(context.Context, *server) ([]T, error)) []T {
	if flags.config != "" { // its servers may be programs
		return nil
	}
	ctx := cmd.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(ctx, completionWait)
	defer cancel()
	asking := &cobra.Command{}
	asking.SetContext(ctx)
	asking.SetErr(io.Discard)
	// The first start on a machine, which compiles, does not end with ctx.
	found := make(chan []T, 1)
	go func() {
		var offers []T
		_ = flags.with(asking, url, nil, func(ctx context.Context, s *server) (err error) {
			offers, err = ask(ctx, s)
			return err
		})
		found <- offers
	}()
	select {
	case offers := <-found:
		return offers
	case <-ctx.Done():
		return nil
	}
}

// completeEntries offers entries of a list of the server that is already on the
// command line.
func completeEntries(flags *serverFlags, list func(context.Context, *server) ([]cobra.Completion, error)) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) != 1 || !isURL(args[0]) {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return fromServer(cmd, flags, args[0], list), cobra.ShellCompDirectiveNoFileComp
	}
}

// completionURI is a URI that is offered: one in which no shell sees anything but
// a word.
var completionURI = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9_./:@%+,-]+$`)

func offerResources(resources []json.RawMessage) []cobra.Completion {
	var out []cobra.Completion
	for _, raw := range resources {
		if l := readListed(raw); completionURI.MatchString(l.URI) {
			out = append(out, cobra.CompletionWithDesc(l.URI, plainWords(l.Title+" "+l.Description)))
		}
	}
	return out
}

func offerTools(tools []tool) []cobra.Completion {
	var out []cobra.Completion
	for _, t := range tools {
		if completionName.MatchString(t.Name) {
			out = append(out, cobra.CompletionWithDesc(t.Name, plainWords(t.Description)))
		}
	}
	return out
}

// offerArguments offers the keys that are not there yet.
func offerArguments(input *schema, given []string) []cobra.Completion {
	have := map[string]bool{}
	for _, arg := range given {
		key, _, _ := strings.Cut(arg, "=")
		have[key] = true
	}
	var out []cobra.Completion
	for _, name := range input.names() {
		if completionName.MatchString(name) && !have[name] {
			p := input.Properties[name]
			out = append(out, cobra.CompletionWithDesc(name+"=", plainWords(p.typeName(input)+" "+p.Description)))
		}
	}
	return out
}

// plainWords is a description with nothing in it that means something to a
// shell.
func plainWords(s string) string {
	return oneLine(strings.Map(func(r rune) rune {
		if strings.ContainsRune("$`\"'\\<>|&;(){}[]*?!#~^%", r) {
			return ' '
		}
		return r
	}, s), 80)
}
