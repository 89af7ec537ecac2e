package wire_test

import (
	"encoding/json"
	"testing"

	"github.com/remora-mcp/remora/internal/wire"
)

func TestLimitsWithDefaults(t *testing.T) {
	defaults := wire.Limits{MaxBodyBytes: 64 << 20, MaxEventBytes: 16 << 20, MaxDepth: 1000, MaxCalls: 1024, MaxAsks: 64}
	for _, test := range []struct {
		name     string
		in, want wire.Limits
	}{
		{"zero", wire.Limits{}, defaults},
		{"negative", wire.Limits{MaxBodyBytes: -1, MaxEventBytes: -1, MaxDepth: -1, MaxCalls: -1, MaxAsks: -1}, defaults},
		{"given", wire.Limits{MaxBodyBytes: 1, MaxEventBytes: 2, MaxDepth: 3, MaxCalls: 4, MaxAsks: 5},
			wire.Limits{MaxBodyBytes: 1, MaxEventBytes: 2, MaxDepth: 3, MaxCalls: 4, MaxAsks: 5}},
		{"depth cannot be raised", wire.Limits{MaxDepth: 1001}, defaults},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.in.WithDefaults(); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// TestWhatIsAbsent holds which fields a header leaves out when they are zero:
// the other side tells "absent" from "zero" only where this says so.
func TestWhatIsAbsent(t *testing.T) {
	for _, test := range []struct {
		header any
		want   string
	}{
		{wire.Hello{ABI: [2]int{1, 0}}, `{"abi":[1,0],"name":"","version":""}`},
		{wire.Call{}, `{"command":""}`},
		{wire.Cancel{}, `{}`},
		{wire.Reply{}, `{}`},
		{wire.HTTPHead{}, `{"status":0}`},
		{wire.HTTPError{}, `{"error":null}`},
		{wire.Done{}, `{}`},
		{wire.Ask{}, `{"kind":"","session":0,"origin":""}`},
		{wire.AskCancel{}, `{}`},
		{wire.Tell{}, `{"event":"","session":0}`},
		{wire.HTTPStart{}, `{"session":0,"purpose":"","method":"","url":"","credit":0}`},
		{wire.HTTPMore{}, `{"credit":0}`},
		{wire.HTTPAbort{}, `{}`},
		{wire.Idle{}, `{"open":0,"wakeMs":null}`},
		{wire.Fault{}, `{"error":null}`},
		{wire.Connect{}, `{}`},
		{wire.Connected{}, `{"session":0,"protocolVersion":""}`},
		{wire.ListTools{}, `{}`},
		{wire.CallTool{}, `{"name":""}`},
	} {
		got, err := json.Marshal(test.header)
		if err != nil || string(got) != test.want {
			t.Errorf("%T: got %s, %v, want %s", test.header, got, err, test.want)
		}
	}
}

func TestUnknownHeaderFieldsAreIgnored(t *testing.T) {
	var c wire.Call
	if err := json.Unmarshal([]byte(`{"command":"ping","session":3,"later":{"x":[1]}}`), &c); err != nil {
		t.Fatal(err)
	}
	if c.Command != "ping" || c.Session != 3 {
		t.Errorf("got %+v", c)
	}
}
