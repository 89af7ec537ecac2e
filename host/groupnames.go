package host

import (
	"fmt"
	"hash/fnv"
	"strings"
)

// What the APIs of all large models take: letters, digits, _ and -, at most 64
// of them, no digit or hyphen first.
const (
	maxNameLength = 64
	nameHash      = 8
)

// PrefixedName is the rule by which a [Group] names what its servers have, if it
// is given no other: prefix, two underscores, name. Whatever a model's API would
// refuse becomes an underscore; a name that is too long is cut and ends with a
// hash of the whole.
func PrefixedName(prefix, name string) string {
	whole := name
	if prefix != "" {
		whole = prefix + "__" + name
	}
	plain := strings.Map(func(r rune) rune {
		if isLetter(r) || '0' <= r && r <= '9' || r == '-' {
			return r
		}
		return '_'
	}, whole)
	if plain == "" || !isLetter(rune(plain[0])) {
		plain = "_" + plain
	}
	if len(plain) <= maxNameLength {
		return plain
	}
	sum := fnv.New32a()
	// As TypeScript does it: what is no text counts as U+FFFD.
	_, _ = sum.Write([]byte(strings.ToValidUTF8(whole, "\ufffd")))
	return fmt.Sprintf("%s_%08x", plain[:maxNameLength-nameHash-1], sum.Sum32())
}

func isLetter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '_' }
