package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/host"
)

// TestExitStatuses pins what scripts rely on: the numbers are literals here.
func TestExitStatuses(t *testing.T) {
	coded := func(code host.Code) error { return &host.Error{Code: code, Message: "m"} }
	tests := []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errToolFailed, 1},
		{usage("no"), 2},
		{fmt.Errorf("more: %w", usage("no")), 2},
		{coded(host.CodeLocalBadArgument), 2},
		{coded(host.CodeLocalBadURL), 2},
		{coded(host.CodePolicyOrigin), 3},
		{coded(host.CodePolicyHandlerMissing), 3},
		{coded(host.CodeLocalTooLarge), 3},
		{coded(host.CodeLocalUnsupported), 3},
		{coded(host.CodeHTTPNetwork), 4},
		{coded(host.CodeHTTPNotMCP), 4},
		{coded(host.CodeHTTPStatus), 4},
		{notMCP("no end"), 4},
		{coded(host.CodeAuthRequired), 5},
		{coded(host.CodeAuthDenied), 5},
		{coded(host.CodeLocalTimeout), 6},
		{coded(host.CodeLocalCancelled), 6},
		{coded(host.CodeRPCError), 7},
		{coded(host.CodePluginTrap), 8},
		{coded(host.CodeLocalClosed), 8},
		{errors.New("disk full"), 8},
	}
	redact := newRedactor(nil)
	for _, test := range tests {
		if got := exitStatus(test.err); got != test.want {
			t.Errorf("%v: got %d, want %d", test.err, got, test.want)
		}
		if got := exitStatus(redact.error(test.err)); got != test.want {
			t.Errorf("%v, redacted: got %d, want %d", test.err, got, test.want)
		}
	}
	for _, status := range []int{exitOK, exitTool, exitUsage, exitRefused, exitUnreachable, exitAuth, exitEnded, exitServer, exitInternal, exitAtOnce} {
		if !strings.Contains(exitHelp, fmt.Sprintf("\n  %d  ", status)) {
			t.Errorf("the help does not say what %d means", status)
		}
	}
}
