package fault

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/remora-mcp/remora/cmd/remora/demoserver/authserver"
	"github.com/remora-mcp/remora/test/internal/canary"
)

// maxEndless is how many bytes of endless metadata are sent to a client that
// does not leave.
const maxEndless = 64 << 20

// AuthFaults lists the faults of authorization.
var AuthFaults = []AuthFault{
	{Name: "sound", Doc: "Nothing goes wrong."},
	{
		Name: "mix_up", hostile: atAttacker,
		Doc: "The MCP server names the attacker as its authorization server, who sends people to the sound one to log in, and takes codes for it.",
		resource: func(a *Auth, m map[string]any) {
			m["authorization_servers"] = []string{a.origins[atAttacker]}
		},
	},
	{
		Name: "iss_missing", hostile: atAuthority, Doc: "The authorization server says that it sends iss, and sends none.",
		back: func(_ *Auth, q url.Values) { q.Del("iss") },
	},
	{
		Name: "iss_wrong", hostile: atAuthority, Doc: "The authorization server sends another's iss.",
		back: func(a *Auth, q url.Values) { q.Set("iss", a.origins[atAttacker]) },
	},
	{
		Name: "iss_slash", hostile: atAuthority, Doc: "The authorization server sends its iss with a slash at the end, which is another.",
		back: func(_ *Auth, q url.Values) { q.Set("iss", q.Get("iss")+"/") },
	},
	{
		Name: "state_replayed", hostile: atAuthority, Doc: "The person comes back with the state of the first login, from the second on.",
		back: func(a *Auth, q url.Values) {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.states = append(a.states, q.Get("state"))
			q.Set("state", a.states[0])
			if len(a.states) == 1 {
				// The first is cut off: its state has been given out and not come back.
				q.Del("code")
				q.Set("error", "temporarily_unavailable")
			}
		},
	},
	{
		Name: "state_missing", hostile: atAuthority, Doc: "The person comes back without a state.",
		back: func(_ *Auth, q url.Values) { q.Del("state") },
	},
	{
		Name: "issuer_of_another", hostile: atAuthority, Doc: "The metadata of the authorization server says that it is another's.",
		authority: func(a *Auth, m map[string]any) { m["issuer"] = a.origins[atAttacker] },
	},
	{
		Name: "resource_of_another", hostile: atResource, Doc: "The MCP server says that it is another, to be shown a token for that.",
		resource: func(a *Auth, m map[string]any) { m["resource"] = a.origins[atAttacker] + a.path },
	},
	{
		Name: "no_pkce", hostile: atAuthority, Doc: "The authorization server does not say that it knows PKCE.",
		authority: func(_ *Auth, m map[string]any) { delete(m, "code_challenge_methods_supported") },
	},
	{
		Name: "plain_pkce", hostile: atAuthority, Doc: "The authorization server knows PKCE without a hash only.",
		authority: func(_ *Auth, m map[string]any) { m["code_challenge_methods_supported"] = []string{"plain"} },
	},
	{
		Name: "challenge_link_local", hostile: atAttacker, Doc: "The challenge names metadata at a link-local address, where clouds keep credentials.",
		challenge: func(_ *Auth, p map[string]string) {
			p["resource_metadata"] = "https://169.254.169.254/latest/meta-data/"
		},
	},
	{
		Name: "authority_link_local", hostile: atAttacker, Doc: "The authorization server is said to be at a link-local address.",
		resource: func(_ *Auth, m map[string]any) { m["authorization_servers"] = []string{"https://169.254.169.254"} },
	},
	{
		Name: "authority_private", hostile: atAttacker, Doc: "The authorization server is said to be at a private address.",
		resource: func(_ *Auth, m map[string]any) { m["authorization_servers"] = []string{"https://10.255.255.1"} },
	},
	{
		Name: "authority_loopback", hostile: atAttacker, elsewhere: true,
		Doc: "The MCP server is not on the loopback, and says that its authorization server is.",
		resource: func(a *Auth, m map[string]any) {
			m["authorization_servers"] = []string{a.origins[atAttacker]}
		},
	},
	{
		Name: "token_link_local", hostile: atAttacker, Doc: "The token endpoint is said to be at a link-local address.",
		authority: func(_ *Auth, m map[string]any) { m["token_endpoint"] = "https://169.254.169.254/token" },
	},
	{
		Name: "registration_private", hostile: atAttacker, Doc: "The registration endpoint is said to be at a private address.",
		authority: func(_ *Auth, m map[string]any) { m["registration_endpoint"] = "https://10.255.255.1/register" },
	},
	{
		Name: "authorize_script", hostile: atAttacker, Doc: "The page for the person is a script.",
		authority: func(_ *Auth, m map[string]any) { m["authorization_endpoint"] = "javascript:alert(document.domain)//" },
	},
	{
		Name: "authorize_plain", hostile: atAttacker, Doc: "The page for the person is not encrypted.",
		authority: func(_ *Auth, m map[string]any) { m["authorization_endpoint"] = "http://login.invalid/authorize" },
	},
	{
		Name: "metadata_redirect", hostile: atAttacker, Doc: "The MCP server's metadata leads to the attacker's.",
		serve: map[string]func(*Auth, http.ResponseWriter, *http.Request){
			atResource + " " + resourceMetadata + Path(Line2026, "mcp", "metadata_redirect"): toAttacker,
			atResource + " " + resourceMetadata + Path(Line2025, "mcp", "metadata_redirect"): toAttacker,
		},
	},
	{
		Name: "authority_redirect", hostile: atAttacker, Doc: "The authorization server's metadata leads to the attacker's.",
		serve: map[string]func(*Auth, http.ResponseWriter, *http.Request){atAuthority + " " + authserver.MetadataPath: toAttacker},
	},
	{
		Name: "token_redirect", hostile: atAttacker, Doc: "The token endpoint leads to the attacker's.",
		serve: map[string]func(*Auth, http.ResponseWriter, *http.Request){atAuthority + " " + authserver.TokenPath: toAttacker},
	},
	{
		Name: "register_redirect", hostile: atAttacker, Doc: "The registration endpoint leads to the attacker's.",
		serve: map[string]func(*Auth, http.ResponseWriter, *http.Request){atAuthority + " " + authserver.RegisterPath: toAttacker},
	},
	{
		Name: "metadata_endless", hostile: atAttacker, Doc: "The MCP server's metadata does not end.",
		serve: map[string]func(*Auth, http.ResponseWriter, *http.Request){
			atResource + " " + resourceMetadata + Path(Line2026, "mcp", "metadata_endless"): endless,
			atResource + " " + resourceMetadata + Path(Line2025, "mcp", "metadata_endless"): endless,
		},
	},
	{
		Name: "authority_endless", hostile: atAttacker, Doc: "The authorization server's metadata does not end.",
		serve: map[string]func(*Auth, http.ResponseWriter, *http.Request){atAuthority + " " + authserver.MetadataPath: endless},
	},
	{
		Name: "token_echo", Doc: "The token endpoint refuses, and says again what it was told in confidence.",
		serve: map[string]func(*Auth, http.ResponseWriter, *http.Request){atAuthority + " " + authserver.TokenPath: echo},
	},
	{
		Name: "token_endless", hostile: atAttacker, Doc: "The answer of the token endpoint does not end.",
		serve: map[string]func(*Auth, http.ResponseWriter, *http.Request){atAuthority + " " + authserver.TokenPath: endless},
	},
}

// toAttacker redirects to the same path of the attacker's, in a way that keeps
// the method and the body.
func toAttacker(a *Auth, w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Location", a.origins[atAttacker]+r.URL.RequestURI())
	w.WriteHeader(http.StatusTemporaryRedirect)
}

// endless sends JSON that does not end. A client that takes all of what there is
// has not bounded what it reads.
func endless(a *Auth, w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	chunk := []byte(strings.Repeat("x", 1<<16))
	_, _ = w.Write([]byte(`{"issuer":"`))
	for sent := 0; sent < maxEndless; sent += len(chunk) {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.reached = append(a.reached, "all of an endless answer was read")
}

// echo refuses with what it was sent, as it was and taken apart.
func echo(_ *Auth, w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	canary.Note("verifier", r.PostForm.Get("code_verifier"))
	description := "I was told " + r.PostForm.Encode() + ", that is the code " + r.PostForm.Get("code") + " and the verifier " + r.PostForm.Get("code_verifier")
	writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant", "error_description": description})
}
