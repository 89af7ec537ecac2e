package exchange

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/internal/wire"
)

func TestAnswerID(t *testing.T) {
	long := strings.Repeat("x", 4<<10)
	for _, c := range []struct{ name, message, want string }{
		{"first", `{"jsonrpc":"2.0","id":7,"result":{"x":"` + long + `"}}`, `7`},
		{"last", `{"result":{"x":"` + long + `"},"jsonrpc":"2.0","id":7}`, `7`},
		{"before jsonrpc", `{"result":{"x":"` + long + `"}, "id" : 7 ,"jsonrpc":"2.0"} `, `7`},
		{"a string", `{"result":{"x":"` + long + `"},"id":"a-7"}`, `"a-7"`},
		{"a request", `{"jsonrpc":"2.0","method":"m","params":{"x":"` + long + `"},"id":7}`, ``},
		{"in the result", `{"jsonrpc":"2.0","result":{"x":"` + long + `","id":7}}`, ``},
		{"in a string at the end", `{"jsonrpc":"2.0","result":"` + long + `,\"id\":7}`, ``},
		{"in a string that ends so", `{"jsonrpc":"2.0","result":"` + long + `,\"id\":7}"}`, ``},
		{"deep", `{"result":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `,"id":7}`, `7`},
		{"no JSON", long, ``},
		{"nothing", ``, ``},
		{"an object as id", `{"result":{"x":"` + long + `"},"id":{}}`, ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := []byte(c.message)
			head := data
			if c.name != "deep" {
				head = data[:min(len(data), wire.MaxChanEndBytes)]
			}
			if got := string(answerID(head, data)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// Whatever id is told of a message that is JSON is a top-level member of it.
func FuzzAnswerID(f *testing.F) {
	for _, seed := range []string{
		`{"jsonrpc":"2.0","id":7,"result":{}}`, `{"result":{"id":1},"jsonrpc":"2.0","id":"x"}`, `{"id":1,"id":2}`,
		`{"result":",\"id\":7}"}`, `{"a":[{"id":3}],"id":4 , "jsonrpc" : "2.0" }`, `{"method":"x","id":1}`, `{"id":"\\"}`, `{`, `{"`,
	} {
		f.Add([]byte(seed), 8)
	}
	f.Fuzz(func(t *testing.T, data []byte, cut int) {
		head := data[:min(max(cut, 0), len(data))]
		id := answerID(head, data)
		var members map[string]json.RawMessage
		if id == nil || json.Unmarshal(data, &members) != nil {
			return
		}
		if _, ok := members["id"]; !ok {
			t.Errorf("%q is no member of %q", id, data)
		}
	})
}
