package simple

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"testing"

	extism "github.com/extism/go-sdk"
	"github.com/tetratelabs/wazero"

	"github.com/remora-mcp/remora/internal/wire"
)

// A driver on the Go SDK gets the same frames both ways (docs/abi.md, the plugin):
// by Extism's input and output, and by stdin and stdout.
func TestStepBothWays(t *testing.T) {
	header, err := json.Marshal(wire.Hello{ABI: wire.ABI, Name: "test", Version: "1"})
	if err != nil {
		t.Fatal(err)
	}
	hello := wire.AppendFrame(nil, wire.Frame{Kind: wire.KindHello, Header: header})
	length := binary.LittleEndian.AppendUint32(nil, uint32(len(hello)))
	var stdout bytes.Buffer
	for name, in := range map[string]struct{ input, stdin []byte }{
		"input": {hello, nil},
		"stdin": {nil, append(length, hello...)},
	} {
		t.Run(name, func(t *testing.T) {
			stdout.Reset()
			plugin := newPlugin(t, func(_ *extism.Manifest, c *extism.PluginConfig) {
				c.ModuleConfig = wazero.NewModuleConfig().WithStdin(bytes.NewReader(in.stdin)).WithStdout(&stdout)
			})
			rc, answer, err := plugin.Call("step", in.input)
			if err != nil || rc != 0 {
				t.Fatalf("step returned %d: %v", rc, err)
			}
			if in.input == nil {
				said := stdout.Bytes()
				if len(answer) > 0 || len(said) < 4 || int(binary.LittleEndian.Uint32(said)) != len(said)-4 {
					t.Fatalf("output %q, stdout %q", answer, said)
				}
				answer = said[4:]
			} else if stdout.Len() > 0 {
				t.Errorf("stdout %q", stdout.Bytes())
			}
			frames, err := wire.ParseBatch(answer)
			if err != nil || len(frames) != 2 || frames[0].Kind != wire.KindCoreHello || frames[1].Kind != wire.KindIdle {
				t.Errorf("got %v, %v", frames, err)
			}
		})
	}
}
