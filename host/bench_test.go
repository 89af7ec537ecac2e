package host

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// BenchmarkCallTool compares the sandboxed client with the go-sdk's own on the
// same server, in the same process.
func BenchmarkCallTool(b *testing.B) {
	for _, size := range []int{10, 1 << 20} {
		result := fmt.Sprintf(`{"content":[{"type":"text","text":%q}]}`, strings.Repeat("x", size))
		url := rawServer(b, func(w http.ResponseWriter, _ *http.Request, id, _ json.RawMessage) { answerJSON(w, id, result) })
		rt := openRuntime(b)
		sandboxed := connect(b, rt, url, nil)
		native, err := mcp.NewClient(&mcp.Implementation{Name: "native", Version: "1"}, nil).
			Connect(b.Context(), &mcp.StreamableClientTransport{Endpoint: url}, nil)
		if err != nil {
			b.Fatal(err)
		}
		defer native.Close()
		params := func() *mcp.CallToolParams { return &mcp.CallToolParams{Name: "x"} }
		b.Run(fmt.Sprintf("native/%d", size), func(b *testing.B) {
			for b.Loop() {
				if _, err := native.CallTool(b.Context(), params()); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("host/%d", size), func(b *testing.B) {
			for b.Loop() {
				if _, err := sandboxed.CallTool(b.Context(), params()); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("host raw/%d", size), func(b *testing.B) {
			for b.Loop() {
				if _, err := sandboxed.CallToolRaw(b.Context(), params()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
