package demoserver

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const createRowTool = "create_row"

// Bounds of the rows: a workspace that is full forgets its oldest.
const (
	maxRows    = 100
	maxRowText = 1000
)

// A Workspace has rows.
type Workspace struct {
	Name string
	// Key is the API key that opens it, and no other.
	Key string
}

// Workspaces are those of a protected demo server by default.
var Workspaces = []Workspace{{"reef", "dk_reef_2f8c4e1b"}, {"lagoon", "dk_lagoon_91d07a36"}}

// A table has the rows of all workspaces.
type table struct {
	mu   sync.Mutex
	made map[string]int
	rows map[string][]string
}

// addRows registers the tools that only a protected server has.
func addRows(s *mcp.Server, workspaces []Workspace) {
	t := &table{made: map[string]int{}, rows: map[string][]string{}}
	var names []string
	for _, w := range workspaces {
		names = append(names, strconv.Quote(w.Name))
	}
	workspace := fmt.Sprintf(`"workspace":{"type":"string","enum":[%s],"description":"Whose rows."}`, strings.Join(names, ","))
	mcp.AddTool(s, &mcp.Tool{
		Name:         createRowTool,
		Title:        "Create a row",
		Description:  "Adds a row to a workspace. It needs the scope " + ScopeWrite + ", or the key of that workspace.",
		InputSchema:  object(workspace+fmt.Sprintf(`,"text":{"type":"string","minLength":1,"maxLength":%d,"description":"What the row says."}`, maxRowText), "workspace", "text"),
		OutputSchema: object(`"workspace":{"type":"string"},"row":{"type":"integer","description":"The row's number."}`, "workspace", "row"),
	}, t.create)
	mcp.AddTool(s, &mcp.Tool{
		Name:         "list_rows",
		Title:        "List rows",
		Description:  fmt.Sprintf("Returns the last rows of a workspace, at most %d.", maxRows),
		Annotations:  &mcp.ToolAnnotations{ReadOnlyHint: true},
		InputSchema:  object(workspace, "workspace"),
		OutputSchema: object(`"rows":{"type":"array","items":{"type":"string"}}`, "rows"),
	}, t.list)
}

type createInput struct {
	Workspace string `json:"workspace"`
	Text      string `json:"text"`
}

type createOutput struct {
	Workspace string `json:"workspace"`
	Row       int    `json:"row"`
}

// permitted repeats the check of the guard, on the arguments as the tool has
// them.
func permitted(req *mcp.CallToolRequest, tool, workspace string) error {
	who := &auth.TokenInfo{}
	if req.Extra != nil && req.Extra.TokenInfo != nil {
		who = req.Extra.TokenInfo
	}
	return mayUse(who, tool, workspace).errorOf()
}

func (t *table) create(_ context.Context, req *mcp.CallToolRequest, in createInput) (*mcp.CallToolResult, createOutput, error) {
	if err := permitted(req, createRowTool, in.Workspace); err != nil {
		return nil, createOutput{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.made[in.Workspace]++
	rows := append(t.rows[in.Workspace], in.Text)
	if len(rows) > maxRows {
		rows = slices.Clone(rows[len(rows)-maxRows:])
	}
	t.rows[in.Workspace] = rows
	out := createOutput{in.Workspace, t.made[in.Workspace]}
	return text(fmt.Sprintf("row %d of %s", out.Row, out.Workspace)), out, nil
}

type listInput struct {
	Workspace string `json:"workspace"`
}

type listOutput struct {
	Rows []string `json:"rows"`
}

func (t *table) list(_ context.Context, req *mcp.CallToolRequest, in listInput) (*mcp.CallToolResult, listOutput, error) {
	if err := permitted(req, "list_rows", in.Workspace); err != nil {
		return nil, listOutput{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	out := listOutput{append([]string{}, t.rows[in.Workspace]...)}
	return text(strings.Join(out.Rows, "\n")), out, nil
}
