package canary_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/cmd/remora/demoserver/authserver"
	"github.com/remora-mcp/remora/test/internal/canary"
)

const secret = `a "secret"/of+the key`

// planted are the ways in which a secret may be in a file.
func planted(secret string) map[string]string {
	all := map[string]string{
		"as it is": "x " + secret + " y",
		"JSON":     fmt.Sprintf(`{"a":%q}`, secret),
		"URL":      "http://a/?b=" + url.QueryEscape(secret) + "&c=d",
		"hex":      "00" + hex.EncodeToString([]byte(secret)) + "ff",
	}
	for before := range 3 {
		text := strings.Repeat("{", before) + secret + "}"
		all[fmt.Sprintf("base64 after %d", before)] = "Basic " + base64.StdEncoding.EncodeToString([]byte(text))
		all[fmt.Sprintf("base64url after %d", before)] = "." + base64.RawURLEncoding.EncodeToString([]byte(text)) + "."
	}
	return all
}

func TestFindsWhatIsPlanted(t *testing.T) {
	search := canary.NewSearch([]canary.Canary{{Slot: "key", Value: secret}, {Slot: "nonce", Value: "another-of-them"}})
	dir := t.TempDir()
	for name, text := range planted(secret) {
		if found := search.In([]byte(text)); len(found) == 0 || !strings.Contains(found[0], "a key") {
			t.Errorf("%s: found %q", name, found)
		} else if strings.Contains(strings.Join(found, ""), secret) {
			t.Errorf("%s: the secret is told: %q", name, found)
		}
		file := filepath.Join(dir, "deep", strings.ReplaceAll(name, " ", "-"))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(strings.Repeat("- ", 5000)+text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found, count, err := search.Files(dir, func(path string) bool { return path == "deep/hex" })
	if want := len(planted(secret)) - 1; err != nil || count != want || len(found) < want {
		t.Errorf("found %d in %d files, %v; want %d", len(found), count, err, want)
	}
	if found := search.In([]byte("a secret of the key, another-of, demo_at_ demo_rt_short and demo_secret_machine")); len(found) != 0 {
		t.Errorf("found %q where there is none", found)
	}
}

// TestFindsUnnoted holds that a secret of the demo's authorization server is found
// though nobody noted it.
func TestFindsUnnoted(t *testing.T) {
	search := canary.NewSearch(nil)
	for _, prefix := range []string{authserver.AccessTokenPrefix, authserver.RefreshTokenPrefix, authserver.CodePrefix, authserver.SecretPrefix} {
		for name, text := range planted(prefix + strings.Repeat("aZ9-_", 9)[:43]) {
			if found := search.In([]byte(text)); len(found) == 0 {
				t.Errorf("%s, %s: not found", prefix, name)
			}
		}
	}
}
