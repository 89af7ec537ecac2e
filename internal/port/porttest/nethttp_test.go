package porttest

import (
	"testing"

	"github.com/remora-mcp/remora/internal/port"
)

func TestNetHTTP(t *testing.T) {
	HTTP(t, func(t *testing.T) port.HTTP {
		p := new(NetHTTP)
		t.Cleanup(p.Close)
		return p
	})
}
