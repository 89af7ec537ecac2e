package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/remora-mcp/remora/host"
)

// The statuses with which the program ends. They are an interface: scripts rely
// on them, and docs/cli.md lists them.
const (
	exitOK          = 0
	exitTool        = 1   // the tool ran and reported an error
	exitUsage       = 2   // wrong flags or arguments; nothing was called
	exitRefused     = 3   // stopped on this side: policy, limits, no handler
	exitUnreachable = 4   // no connection, or what answered is no MCP server
	exitAuth        = 5   // the server wants other credentials
	exitEnded       = 6   // timed out or cancelled
	exitServer      = 7   // the server answered with an error
	exitInternal    = 8   // this program or its plugin failed
	exitAtOnce      = 130 // a second interrupt
)

const exitHelp = `Exit status:
  0  done
  1  the tool ran and reported an error
  2  wrong flags or arguments; the tool was not called
  3  refused on this side: policy, a limit, a question that nobody answers
  4  no connection, or what answered is no MCP server
  5  the server wants other credentials
  6  timed out, or cancelled with Ctrl-C
  7  the server answered with an error
  8  this program failed
  130  a second Ctrl-C`

// errToolFailed ends the program with exitTool. The result, which says what
// failed, has been printed.
var errToolFailed = errors.New("the tool reported an error")

// A usageError says what is wrong with the command line.
type usageError struct{ message string }

func (e *usageError) Error() string { return e.message }

func usage(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

// positional makes the errors of a check of arguments usage errors that say how
// it is meant.
func positional(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usage("%v; usage: %s", err, cmd.UseLine())
		}
		return nil
	}
}

// exitStatus is the status for what a command returned.
func exitStatus(err error) int {
	var bad *usageError
	var e *host.Error
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errToolFailed):
		return exitTool
	case errors.As(err, &bad):
		return exitUsage
	case errors.Is(err, errNotMCP):
		return exitUnreachable
	case errors.As(err, &e):
		return codeStatus(e.Code)
	}
	return exitInternal
}

func codeStatus(code host.Code) int {
	switch code {
	case host.CodeLocalBadArgument, host.CodeLocalBadURL:
		return exitUsage
	case host.CodeLocalTooLarge, host.CodeLocalUnsupported:
		return exitRefused
	case host.CodeLocalTimeout, host.CodeLocalCancelled:
		return exitEnded
	}
	family, _, _ := strings.Cut(string(code), "/")
	switch family {
	case "policy":
		return exitRefused
	case "http":
		return exitUnreachable
	case "auth":
		return exitAuth
	case "rpc":
		return exitServer
	}
	return exitInternal
}
