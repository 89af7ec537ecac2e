package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/remora-mcp/remora/internal/wire"
)

func TestErrorIs(t *testing.T) {
	cause := errors.New("cause")
	err := fmt.Errorf("outer: %w", &Error{Code: CodeLocalTimeout, Message: "m", cause: cause})
	for target, want := range map[error]bool{
		&Error{Code: CodeLocalTimeout}:   true,
		&Error{Code: CodeLocalCancelled}: false,
		context.DeadlineExceeded:         true,
		context.Canceled:                 false,
		cause:                            true,
		errors.New("cause"):              false,
	} {
		if got := errors.Is(err, target); got != want {
			t.Errorf("errors.Is(err, %v) is %v", target, got)
		}
	}
	var e *Error
	if !errors.As(err, &e) || e.Code != CodeLocalTimeout || e.Error() != "local/timeout: m" {
		t.Errorf("errors.As gives %+v", e)
	}
	if !errors.Is(&Error{Code: CodeLocalCancelled}, context.Canceled) {
		t.Error("local/cancelled is not context.Canceled")
	}
}

// Every field survives the way over the boundary.
func TestErrorsCrossWhole(t *testing.T) {
	w := &wire.Error{
		Code: wire.CodeRPCError, Message: "m", Data: json.RawMessage(`{}`), Status: 500, RPCCode: -32000, Retryable: true, Sent: wire.SentYes,
	}
	for i := range reflect.TypeFor[wire.Error]().NumField() {
		if reflect.ValueOf(*w).Field(i).IsZero() {
			t.Fatalf("the test leaves %s out", reflect.TypeFor[wire.Error]().Field(i).Name)
		}
	}
	if got := fromWire(w).toWire(); !reflect.DeepEqual(got, w) {
		t.Errorf("got %+v", got)
	}
	if got := asError(fmt.Errorf("x: %w", w), CodeLocalClosed); got.Code != wire.CodeRPCError {
		t.Errorf("asError of a wrapped boundary error: %+v", got)
	}
	if got := asError(errors.New("x"), CodeLocalClosed); got.Code != CodeLocalClosed || got.Message != "x" {
		t.Errorf("asError of another: %+v", got)
	}
}

// Whoever uses this package can name each code that it can return. http/cors is
// a browser's.
func TestEveryCodeIsExported(t *testing.T) {
	exported := map[Code]bool{}
	for _, c := range []Code{
		CodeLocalBadArgument, CodeLocalBadURL, CodeLocalClosed, CodeLocalCancelled, CodeLocalTimeout, CodeLocalTooLarge,
		CodeLocalBadFrame, CodeLocalABIMismatch, CodeLocalUnsupported, CodeHTTPStatus, CodeHTTPNotMCP, CodeHTTPNetwork,
		CodeHTTPSessionGone, CodeChannelClosed, CodeRPCError, CodeRPCInvalidResult, CodeAuthRequired, CodeAuthDenied, CodeAuthInsufficientScope, CodeAuthRefreshFailed,
		CodeAuthIssuerMismatch, CodePolicyOrigin, CodePolicyRedirect, CodePolicyPrivateAddress, CodePolicyHandlerMissing,
		CodePluginTrap, CodePluginDeadline, CodePluginMissing,
	} {
		exported[c] = true
	}
	for _, row := range wire.Codes {
		if !exported[row.Code] && row.Code != wire.CodeHTTPCORS {
			t.Errorf("%s has no name here", row.Code)
		}
	}
}
