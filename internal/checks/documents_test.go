package checks

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// notInTheTree lists what documents may name although it is not checked in.
var notInTheTree = []struct{ prefix, why string }{
	{"dist", "build.sh writes it"},
	{"host/guest/remora-plugin.wasm", "build.sh writes it"},
	{"jsbridge/build", "jsbridge's build writes it"},
	{"remora-js.wasm", "build.sh writes it"},
	{"remora-plugin.wasm", "build.sh writes it"},
	{"remora.wasm", "a file of the npm package"},
	{"lib/wasm/wasm_exec.js", "a file of Go's toolchain"},
	{"wasm_exec.js", "a file of Go's toolchain"},
	{"manifest.json", "a file of the reader's extension"},
	{"index.html", "a file of the reader's page"},
}

// knownExtensions make a word without a slash a file's name.
var knownExtensions = []string{".go", ".ts", ".js", ".mjs", ".cjs", ".sh", ".md", ".json", ".mod", ".sum", ".wasm", ".html", ".txtar", ".yaml"}

var (
	fence    = regexp.MustCompile("^\\s*```\\s*([a-z]*)")
	codeSpan = regexp.MustCompile("`([^`\n]+)`")
	mdLink   = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	pathWord = regexp.MustCompile(`^[A-Za-z0-9_.@*{},-]+(/[A-Za-z0-9_.@*{},-]+)*/?$`)
	heading  = regexp.MustCompile(`^#+\s+(.+?)\s*$`)
	slugDrop = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// A mention is a path that a document names.
type mention struct {
	line int
	text string
	link bool // a link: it must lead somewhere, relative to the document
}

// mentions lists the paths that a document names: the targets of its links, and
// in code the words that look like a path of this repository.
func mentions(text string, tops []string) []mention {
	var out []mention
	inFence, skip := false, false
	for i, line := range strings.Split(text, "\n") {
		if m := fence.FindStringSubmatch(line); m != nil {
			inFence = !inFence
			skip = inFence && (m[1] == "frame" || m[1] == "mermaid")
			continue
		}
		if skip {
			continue
		}
		var words []string
		if inFence {
			words = strings.Fields(line)
		} else {
			for _, m := range mdLink.FindAllStringSubmatch(line, -1) {
				out = append(out, mention{i + 1, m[1], true})
			}
			for _, m := range codeSpan.FindAllStringSubmatch(line, -1) {
				words = append(words, strings.Fields(m[1])...)
			}
		}
		for _, w := range words {
			if p, ok := asPath(w, tops, !inFence); ok {
				out = append(out, mention{i + 1, p, false})
			}
		}
	}
	return out
}

// asPath says whether a word of code is a path of this repository: it begins with
// one of the names in the repository's root, or (in running text, where bare
// names are meant) has a known extension.
func asPath(word string, tops []string, bareNames bool) (string, bool) {
	word = strings.Trim(word, `"'();,:`)
	word = strings.TrimPrefix(strings.TrimSuffix(word, "/..."), "./")
	if !pathWord.MatchString(word) {
		return "", false
	}
	first, _, slash := strings.Cut(word, "/")
	if slash && slices.Contains(tops, first) {
		return word, true
	}
	ext := path.Ext(word)
	return word, bareNames && slices.Contains(knownExtensions, ext) && word != ext
}

// resolver knows which paths exist.
type resolver struct {
	files []string              // all, with slashes
	bases map[string]bool       // names of files
	dirs  map[string]bool       // folders
	heads func(string) []string // headings of a document
}

func newResolver(t *testing.T) *resolver {
	t.Helper()
	r := &resolver{files: sourceFiles(t), bases: map[string]bool{}, dirs: map[string]bool{".": true}}
	for _, f := range r.files {
		r.bases[path.Base(f)] = true
		for d := path.Dir(f); d != "."; d = path.Dir(d) {
			r.dirs[d] = true
		}
	}
	r.heads = func(doc string) []string { return slugs(readFile(t, doc)) }
	return r
}

// tops returns the names in the repository's root, dist included.
func (r *resolver) tops() []string {
	tops := []string{"dist"}
	for d := range r.dirs {
		if d != "." && !strings.Contains(d, "/") {
			tops = append(tops, d)
		}
	}
	slices.Sort(tops)
	return tops
}

func excepted(p string) bool {
	for _, e := range notInTheTree {
		if below(p, e.prefix) {
			return true
		}
	}
	return false
}

func (r *resolver) exists(p string) bool {
	p = path.Clean(p)
	if excepted(p) || r.dirs[p] || slices.Contains(r.files, p) {
		return true
	}
	if strings.Contains(p, "*") {
		for _, f := range append(r.files, r.allDirs()...) {
			if ok, _ := path.Match(p, f); ok {
				return true
			}
		}
	}
	return false
}

func (r *resolver) allDirs() []string {
	var out []string
	for d := range r.dirs {
		out = append(out, d)
	}
	return out
}

// problem says what is wrong with a mention in a document, or nothing.
func (r *resolver) problem(doc string, m mention) string {
	if m.link {
		if strings.Contains(m.text, "://") || strings.HasPrefix(m.text, "mailto:") {
			return ""
		}
		target, anchor, _ := strings.Cut(m.text, "#")
		file := doc
		if target != "" {
			file = path.Join(path.Dir(doc), target)
			if !r.exists(file) {
				return "links to " + m.text + ", which does not exist"
			}
		}
		if anchor != "" && !slices.Contains(r.heads(file), anchor) {
			return "links to " + m.text + ", but there is no such heading"
		}
		return ""
	}
	switch {
	case r.exists(m.text), r.exists(path.Join(path.Dir(doc), m.text)):
		return ""
	case !strings.Contains(m.text, "/") && r.bases[m.text]:
		return ""
	}
	return "names " + m.text + ", which does not exist"
}

// slugs returns the anchors of a document's headings, as GitHub makes them.
func slugs(text string) []string {
	var out []string
	inFence := false
	for _, line := range strings.Split(text, "\n") {
		if fence.MatchString(line) {
			inFence = !inFence
		}
		if m := heading.FindStringSubmatch(line); m != nil && !inFence {
			slug := slugDrop.ReplaceAllString(strings.ToLower(m[1]), "")
			out = append(out, strings.ReplaceAll(slug, " ", "-"))
		}
	}
	return out
}

func TestDocumentsNameWhatExists(t *testing.T) {
	r := newResolver(t)
	docs := sourceFiles(t, "*.md")
	if len(docs) == 0 {
		t.Fatal("no document found")
	}
	found := 0
	for _, doc := range docs {
		for _, m := range mentions(readFile(t, doc), r.tops()) {
			found++
			if p := r.problem(doc, m); p != "" {
				t.Errorf("%s:%d: %s", doc, m.line, p)
			}
		}
	}
	if found < len(docs) {
		t.Errorf("only %d paths found in %d documents: does the test still see them?", found, len(docs))
	}
}

// TestPackageDocsNameWhatExists looks at the file names in Go's package comments.
func TestPackageDocsNameWhatExists(t *testing.T) {
	r := newResolver(t)
	word := regexp.MustCompile(`\b[a-z0-9_]+\.(?:go|md|ts|sh)\b`)
	for _, name := range r.files {
		if path.Base(name) != "doc.go" {
			continue
		}
		for _, base := range word.FindAllString(readFile(t, name), -1) {
			if !r.bases[base] && !excepted(base) {
				t.Errorf("%s names %s, which does not exist", name, base)
			}
		}
	}
}

func TestDocumentChecksCatch(t *testing.T) {
	r := &resolver{
		files: []string{"README.md", "docs/abi.md", "internal/wire/frame.go", "build.sh"},
		bases: map[string]bool{"README.md": true, "abi.md": true, "frame.go": true, "build.sh": true},
		dirs:  map[string]bool{".": true, "docs": true, "internal": true, "internal/wire": true},
		heads: func(string) []string { return slugs("# The wire\n\n## Hello, you") },
	}
	for _, test := range []struct {
		text string
		want string // "" for no complaint
	}{
		{"see `internal/wire`", ""},
		{"see `internal/wire/`", ""},
		{"see `internal/wire/*.go`", ""},
		{"see `internal/wire/tools.go`", "names internal/wire/tools.go"},
		{"see `internal/gone`", "names internal/gone"},
		{"see `frame.go`", ""},
		{"see `gone.go`", "names gone.go"},
		{"run `./build.sh js`", ""},
		{"run `./bulid.sh js`", "names bulid.sh"},
		{"run `go test ./internal/...`", ""},
		{"run `go test ./docs/gone/...`", "names docs/gone"},
		{"`http/not_mcp` and `errors.As` and `a/b`", ""},
		{"writes `dist/npm/` and `remora-js.wasm`", ""},
		{"[the page](abi.md)", ""},
		{"[the page](gone.md)", "links to gone.md"},
		{"[up](../README.md)", ""},
		{"[part](abi.md#hello-you)", ""},
		{"[part](#the-wire)", ""},
		{"[part](abi.md#gone)", "no such heading"},
		{"[out](https://example.com/gone.md)", ""},
		{"```sh\ngo run ./internal/gone\n```", "names internal/gone"},
		{"```js\nimport x from \"some-package/file.js\"\n```", ""},
		{"```frame\ninternal/gone\n```", ""},
	} {
		var got []string
		for _, m := range mentions(test.text, r.tops()) {
			if p := r.problem("docs/abi.md", m); p != "" {
				got = append(got, p)
			}
		}
		all := strings.Join(got, "; ")
		if (test.want == "") != (all == "") || !strings.Contains(all, test.want) {
			t.Errorf("%q: got %q, want %q", test.text, all, test.want)
		}
	}
}

// TestExceptionsAreNeeded keeps the list of exceptions from growing stale: what
// exists in the tree needs none.
func TestExceptionsAreNeeded(t *testing.T) {
	files := sourceFiles(t)
	for _, e := range notInTheTree {
		if e.why == "" {
			t.Errorf("%s: no reason", e.prefix)
		}
		for _, f := range files {
			if below(f, e.prefix) {
				t.Errorf("%s is checked in, so %q must not be an exception", f, e.prefix)
			}
		}
	}
}

// TestLockFilesNameNoRegistry: what is installed is pinned by hash; where it is
// downloaded from is for whoever installs it to say.
func TestLockFilesNameNoRegistry(t *testing.T) {
	resolved := regexp.MustCompile(`"resolved":\s*"https?:`)
	for _, name := range sourceFiles(t, "*package-lock.json") {
		if n := len(resolved.FindAllString(readFile(t, name), -1)); n > 0 {
			t.Errorf("%s has %d URLs of a registry: write it with omit-lockfile-registry-resolved=true", name, n)
		}
	}
}

// TestScriptsAreExecutable: a script with a #! line is run by its name.
func TestScriptsAreExecutable(t *testing.T) {
	for _, name := range sourceFiles(t, "*.sh", ".ci/*") {
		info, err := os.Stat(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(readFile(t, name), "#!") && info.Mode()&0o111 == 0 {
			t.Errorf("%s is not executable", name)
		}
	}
}
