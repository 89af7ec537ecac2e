package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// A toolResult is what could be read of a tools/call result. Its content keeps
// its form: types that nobody knows yet are described, not dropped.
type toolResult struct {
	Content    []json.RawMessage `json:"content"`
	Structured json.RawMessage   `json:"structuredContent"`
	IsError    bool              `json:"isError"`
}

// A contentBlock is one block of a result; which fields count depends on Type.
type contentBlock struct {
	Type     string    `json:"type"`
	Text     string    `json:"text"`
	Data     string    `json:"data"` // base64
	MIMEType string    `json:"mimeType"`
	Name     string    `json:"name"`
	URI      string    `json:"uri"`
	Resource *embedded `json:"resource"`
}

// embedded is the content of a resource: Text, or Blob in base64.
type embedded struct {
	URI      string  `json:"uri"`
	MIMEType string  `json:"mimeType"`
	Text     string  `json:"text"`
	Blob     *string `json:"blob"`
}

// A renderer writes results for a person.
type renderer struct {
	out  io.Writer
	save *saver // nil: binary content is described only
}

// render writes a result. Text is written as it is, but harmless; structured
// content follows unless the text already says the same.
func (r *renderer) render(result *toolResult) error {
	for _, raw := range result.Content {
		var block contentBlock
		if json.Unmarshal(raw, &block) != nil {
			block = contentBlock{}
		}
		if block.Type == "text" && sameJSON(block.Text, result.Structured) {
			continue
		}
		text, err := r.block(block, raw)
		if err != nil {
			return err
		}
		if err := r.line(text); err != nil {
			return err
		}
	}
	if len(result.Structured) > 0 && string(result.Structured) != "null" {
		return r.line(pretty(result.Structured))
	}
	return nil
}

func (r *renderer) line(text string) error {
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	_, err := io.WriteString(r.out, text)
	return err
}

// block is one block as text, harmless.
func (r *renderer) block(b contentBlock, raw json.RawMessage) (string, error) {
	switch b.Type {
	case "text":
		return harmless(b.Text), nil
	case "image", "audio":
		return r.binary(b.Type, b.MIMEType, b.Data)
	case "resource_link":
		return fmt.Sprintf("[link to a resource: %s]", described(b.Name, b.URI, b.MIMEType)), nil
	case "resource":
		if b.Resource == nil {
			break
		}
		if b.Resource.Blob != nil {
			return r.binary("resource "+oneLine(b.Resource.URI, 500), b.Resource.MIMEType, *b.Resource.Blob)
		}
		return fmt.Sprintf("[resource: %s]\n%s", described(b.Resource.URI, b.Resource.MIMEType), harmless(b.Resource.Text)), nil
	}
	name := oneLine(b.Type, 40)
	if name == "" {
		name = "unreadable"
	}
	return fmt.Sprintf("[%s content, which remora does not know: %s of JSON; --json prints it]", name, size(len(raw))), nil
}

// binary describes content in base64, and saves it if that is wanted.
func (r *renderer) binary(kind, mimeType, data string) (string, error) {
	what := oneLine(mimeType, 60)
	if what == "" {
		what = "of unknown type"
	}
	content, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		return fmt.Sprintf("[%s %s, which is not valid base64]", kind, what), nil
	}
	if r.save == nil {
		return fmt.Sprintf("[%s %s, %s; --output DIR saves it]", kind, what, size(len(content))), nil
	}
	name, err := r.save.write(mimeType, content)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("[%s %s, %s, saved as %s]", kind, what, size(len(content)), name), nil
}

func described(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, oneLine(p, 500))
		}
	}
	return strings.Join(out, ", ")
}

// size is a number of bytes for a person.
func size(n int) string {
	switch {
	case n == 1:
		return "1 byte"
	case n < 1000:
		return fmt.Sprintf("%d bytes", n)
	case n < 1_000_000:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

// sameJSON reports whether text is JSON with the same value as raw.
func sameJSON(text string, raw json.RawMessage) bool {
	if len(raw) == 0 || len(text) > 1<<20 {
		return false
	}
	a, errA := decodeExactly([]byte(text))
	b, errB := decodeExactly(raw)
	return errA == nil && errB == nil && reflect.DeepEqual(a, b)
}

// decodeExactly decodes JSON with the digits of its numbers.
func decodeExactly(raw []byte) (any, error) {
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	_, err := d.Token()
	if err != io.EOF {
		return nil, fmt.Errorf("more than one value")
	}
	return v, nil
}
