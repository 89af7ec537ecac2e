package canary

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/remora-mcp/remora/cmd/remora/demoserver/authserver"
)

// marks are what secrets of the demo's authorization server begin with, for those
// that nobody noted. What follows has to be as long as in a real one.
var marks = map[string]string{
	authserver.AccessTokenPrefix: "token", authserver.RefreshTokenPrefix: "refresh token", authserver.CodePrefix: "code",
	authserver.SecretPrefix: "client secret",
}

// markTail is how many letters of base64 follow a mark.
const markTail = 43

// window is how many bytes of a pattern are looked up at once.
const window = 8

// A pattern is one form of a secret.
type pattern struct {
	text string
	what string
	mark bool
}

// A Search looks for secrets. It is made once and may be used by many.
type Search struct {
	byWindow map[uint64][]pattern
}

// NewSearch returns a search for these secrets, and for all of the demo's
// authorization server.
func NewSearch(canaries []Canary) *Search {
	s := &Search{byWindow: map[uint64][]pattern{}}
	for _, c := range canaries {
		for form, text := range forms(c.Value) {
			s.add(pattern{text: text, what: "a " + c.Slot + form})
		}
	}
	for text, slot := range marks {
		s.add(pattern{text: text, what: "a " + slot, mark: true})
		for form, text := range inside(text) {
			s.add(pattern{text: text, what: "a " + slot + form})
		}
	}
	return s
}

func (s *Search) add(p pattern) {
	if len(p.text) < window {
		return // cannot happen: marks and canaries are longer
	}
	key := binary.LittleEndian.Uint64([]byte(p.text))
	for _, there := range s.byWindow[key] {
		if there.text == p.text {
			return
		}
	}
	s.byWindow[key] = append(s.byWindow[key], p)
}

// forms are those in which a secret may be written, by what is said of them.
func forms(secret string) map[string]string {
	all := inside(secret)
	all[""] = secret
	quoted, err := json.Marshal(secret)
	if err == nil { // a string always can
		all[", as JSON"] = strings.Trim(string(quoted), `"`)
	}
	all[", in a URL"] = url.QueryEscape(secret)
	return all
}

// inside are the encodings of a text that stands in a longer one.
func inside(text string) map[string]string {
	all := map[string]string{", in hexadecimal": hex.EncodeToString([]byte(text))}
	for shift := range 3 {
		// What comes before and after is left out: it depends on the neighbours.
		for name, encoding := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding} {
			encoded := encoding.EncodeToString([]byte(strings.Repeat("x", shift) + text))
			begin := (shift*8 + 5) / 6
			end := (shift + len(text)) * 8 / 6
			all[fmt.Sprintf(", in %s (%d)", name, shift)] = encoded[begin:end]
		}
	}
	return all
}

// In returns what there is of secrets in a text, each with the byte that it is
// at. It quotes none.
func (s *Search) In(text []byte) []string {
	var found []string
	for at := 0; at+window <= len(text); at++ {
		for _, p := range s.byWindow[binary.LittleEndian.Uint64(text[at:])] {
			rest := text[at:]
			if len(rest) < len(p.text) || string(rest[:len(p.text)]) != p.text || p.mark && !tail(rest[len(p.text):]) {
				continue
			}
			found = append(found, fmt.Sprintf("%s at byte %d", p.what, at))
		}
	}
	return found
}

// tail says whether a text begins with as many letters as follow a mark.
func tail(text []byte) bool {
	if len(text) < markTail {
		return false
	}
	for _, c := range text[:markTail] {
		if c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// Files searches every file below a folder but those that leave keeps out; leave
// is given paths relative to it, with slashes. It returns what was found, with
// the file, and how many files there were.
func (s *Search) Files(dir string, leave func(path string) bool) (found []string, count int, err error) {
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		switch {
		case leave(filepath.ToSlash(relative)):
			if entry.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case !entry.Type().IsRegular():
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		count++
		for _, f := range s.In(text) {
			found = append(found, relative+": "+f)
		}
		return nil
	})
	return found, count, err
}
