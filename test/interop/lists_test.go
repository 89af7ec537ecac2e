package interop

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/remora-mcp/remora/test/internal/drive"
)

// longLists is a server of 2026-07-28 with lists that no real one has. Its path
// says which: /pages has 10,000 tools on 100 pages, /loop gives a cursor that
// was there before, /endless ever new ones, /kept one page that may be kept for
// an hour. It counts requests.
type longLists struct {
	mu   sync.Mutex
	seen map[string]map[string]int // by run, the last part of the path, and method
}

const (
	longPages   = 100
	longPerPage = 100
)

func (s *longLists) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	run := r.URL.Path
	if counted, found := strings.CutSuffix(run, "/counters"); found {
		s.mu.Lock()
		defer s.mu.Unlock()
		_ = json.NewEncoder(w).Encode(s.seen[counted])
		return
	}
	var req struct {
		ID     json.RawMessage
		Method string
		Params struct{ Cursor string }
	}
	if r.Method != http.MethodPost || json.NewDecoder(r.Body).Decode(&req) != nil {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	if req.ID == nil {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	s.mu.Lock()
	if s.seen[run] == nil {
		s.seen[run] = map[string]int{}
	}
	s.seen[run][req.Method]++
	s.mu.Unlock()
	result := `{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"lists","version":"1"}}}`
	if req.Method == "tools/list" {
		result = longPage(strings.Split(run, "/")[1], req.Params.Cursor)
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, req.ID, result)
}

func longPage(kind, cursor string) string {
	page := 0
	_, _ = fmt.Sscan(cursor, &page) // none is the first
	var tools []string
	for i := range longPerPage {
		tools = append(tools, fmt.Sprintf(`{"name":"tool%d","inputSchema":{"type":"object"},"later":12345678901234567890}`, page*longPerPage+i))
	}
	next := ""
	switch {
	case kind == "pages" && page+1 < longPages, kind == "endless":
		next = fmt.Sprintf(`,"nextCursor":"%d"`, page+1)
	case kind == "loop":
		next = fmt.Sprintf(`,"nextCursor":"%d"`, (page+1)%3)
	}
	ttl := 0
	if kind == "kept" {
		ttl = 3_600_000
	}
	return fmt.Sprintf(`{"resultType":"complete","tools":[%s],"ttlMs":%d,"cacheScope":"private"%s}`, strings.Join(tools, ","), ttl, next)
}

// A list of 10,000 tools on 100 pages, as an iterator, all at once, and past a
// cap; lists that do not end; and answers that may be kept.
func TestLongListsAndKeptAnswers(t *testing.T) {
	server := httptest.NewServer(&longLists{seen: map[string]map[string]int{}})
	t.Cleanup(server.Close)
	host := &drive.Host{}
	t.Cleanup(func() {
		if err := host.Close(context.Background()); err != nil {
			t.Errorf("closing the host: %v", err)
		}
	})
	total := func(t *testing.T, got drive.Outcome) {
		succeeds(t, got)
		if n := len(got.Names); n != longPages*longPerPage || got.Names[n-1] != fmt.Sprint("tool", n-1) {
			t.Errorf("%d tools, want %d in order", n, longPages*longPerPage)
		}
	}
	connect := step{"connect", drive.Step{Do: drive.Connect}, agreesOn("2026-07-28")}
	each := func(check func(*testing.T, drive.Outcome)) step {
		return step{"iterator", drive.Step{Do: drive.EachOf, Method: "tools"}, check}
	}
	whole := func(most int, check func(*testing.T, drive.Outcome)) step {
		return step{"all", drive.Step{Do: drive.WholeList, Method: "tools", Most: most}, check}
	}
	list := func(mode string) step {
		s := drive.Ask("listTools", `{}`)
		s.CacheMode = mode
		return step{"list " + mode, s, holds(`12345678901234567890`, `"ttlMs":3600000`)}
	}
	asked := func(want int) step {
		return step{"asked", drive.Step{Do: drive.Counters}, func(t *testing.T, got drive.Outcome) {
			t.Helper()
			succeeds(t, got)
			if n := got.Counters["tools/list"]; n != want {
				t.Errorf("the server was asked %d times, want %d", n, want)
			}
		}}
	}
	for _, embedder := range []drive.Embedder{drive.Node(22), host.Embedder()} {
		t.Run(embedder.Name, func(t *testing.T) {
			var scripts []drive.Script
			var plans [][]step
			add := func(kind, run string, script drive.Script, steps ...step) {
				script.Name, script.URL = run, server.URL+"/"+kind+"/"+run+"-"+embedder.Name
				plan := slices.Concat([]step{connect}, steps, []step{{"close", drive.Step{Do: drive.Close}, nil}})
				for _, s := range plan {
					script.Steps = append(script.Steps, s.Step)
				}
				scripts, plans = append(scripts, script), append(plans, plan)
			}
			add("pages", "all", drive.Script{ListMaxPages: longPages}, each(total), whole(longPages*longPerPage, total), asked(2*longPages))
			add("pages", "cap", drive.Script{}, whole(longPages*longPerPage-1, fails("local/too_large")))
			add("loop", "loop", drive.Script{}, each(fails("http/not_mcp")), whole(0, fails("http/not_mcp")), asked(8))
			add("endless", "endless", drive.Script{}, whole(64*longPerPage, fails("local/too_large")), asked(65))
			add("kept", "kept", drive.Script{}, list(""), list("use"), asked(1), list("refresh"), list(""), asked(2), list("bypass"), asked(3), list(""), asked(3))
			add("kept", "off", drive.Script{CacheMode: "bypass"}, list(""), list(""), asked(2), list("use"), list("use"), asked(3))
			reports, err := embedder.Run(t.Context(), scripts)
			if err != nil {
				t.Fatal(err)
			}
			for i, report := range reports {
				t.Run(report.Name, func(t *testing.T) { judge(t, plans[i], report) })
			}
		})
	}
}
