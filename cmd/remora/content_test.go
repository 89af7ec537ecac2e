package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func render(t *testing.T, result string, save *saver) string {
	t.Helper()
	var r toolResult
	if err := json.Unmarshal([]byte(result), &r); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := (&renderer{out: &out, save: save}).render(&r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestRender(t *testing.T) {
	tests := []struct{ name, result, want string }{
		{"text", `{"content":[{"type":"text","text":"a\n"},{"type":"text","text":"b"}]}`, "a\nb\n"},
		{"control characters", `{"content":[{"type":"text","text":"\u001b[2Jx"}]}`, "\\u001b[2Jx\n"},
		{"structured and other text", `{"content":[{"type":"text","text":"5"}],"structuredContent":{"sum":5}}`, "5\n{\n  \"sum\": 5\n}\n"},
		{"structured, and the same as text", `{"content":[{"type":"text","text":"{ \"sum\":5 }"}],"structuredContent":{"sum":5}}`, "{\n  \"sum\": 5\n}\n"},
		{"numbers that differ in digits are not the same",
			`{"content":[{"type":"text","text":"{\"n\":12345678901234567890}"}],"structuredContent":{"n":12345678901234567891}}`,
			"{\"n\":12345678901234567890}\n{\n  \"n\": 12345678901234567891\n}\n"},
		{"image", `{"content":[{"type":"image","mimeType":"image/png","data":"AAECAw=="}]}`, "[image image/png, 4 bytes; --output DIR saves it]\n"},
		{"audio of no type", `{"content":[{"type":"audio","data":""}]}`, "[audio of unknown type, 0 bytes; --output DIR saves it]\n"},
		{"broken base64", `{"content":[{"type":"image","mimeType":"image/png","data":"%%"}]}`, "[image image/png, which is not valid base64]\n"},
		{"link", `{"content":[{"type":"resource_link","name":"n\u001b","uri":"file:///x"}]}`, "[link to a resource: n\\u001b, file:///x]\n"},
		{"resource, text", `{"content":[{"type":"resource","resource":{"uri":"u:1","mimeType":"text/plain","text":"hi"}}]}`, "[resource: u:1, text/plain]\nhi\n"},
		{"resource, binary", `{"content":[{"type":"resource","resource":{"uri":"u:1","blob":"AA=="}}]}`, "[resource u:1 of unknown type, 1 byte; --output DIR saves it]\n"},
		{"resource without a resource", `{"content":[{"type":"resource"}]}`, "[resource content, which remora does not know: 19 bytes of JSON; --json prints it]\n"},
		{"unknown", `{"content":[{"type":"hologram","x":1}]}`, "[hologram content, which remora does not know: 25 bytes of JSON; --json prints it]\n"},
		{"unreadable", `{"content":[7]}`, "[unreadable content, which remora does not know: 1 byte of JSON; --json prints it]\n"},
		{"nothing", `{}`, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := render(t, test.result, nil); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestSavedContent(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	save, err := newSaver(dir, "../draw it")
	if err != nil {
		t.Fatal(err)
	}
	taken := filepath.Join(dir, "___draw_it-1.png")
	if err := os.WriteFile(taken, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	picture := base64.StdEncoding.EncodeToString([]byte("picture"))
	got := render(t, `{"content":[{"type":"image","mimeType":"image/png","data":"`+picture+`"},{"type":"audio","mimeType":"../../x","data":"`+picture+`"}]}`, save)
	first, second := filepath.Join(dir, "___draw_it-2.png"), filepath.Join(dir, "___draw_it-3.bin")
	for _, name := range []string{first, second} {
		if !strings.Contains(got, "saved as "+name+"]") {
			t.Errorf("got %q, want %s in it", got, name)
		}
		if content, err := os.ReadFile(name); err != nil || string(content) != "picture" {
			t.Errorf("%s: %q, %v", name, content, err)
		}
	}
	if content, _ := os.ReadFile(taken); string(content) != "mine" {
		t.Errorf("a file was overwritten: %q", content)
	}
}
