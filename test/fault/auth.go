package fault

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/remora-mcp/remora/cmd/remora/demoserver/authserver"
	"github.com/remora-mcp/remora/test/internal/canary"
)

// An AuthFault is a way for a protected server, or its authorization server, to
// go after what is not meant for it.
type AuthFault struct {
	// Name is for StartAuth.
	Name string
	// Doc says what goes wrong.
	Doc string

	// hostile is the place that no secret may reach.
	hostile string
	// elsewhere puts the MCP server on an address that is not of the loopback.
	elsewhere bool
	// challenge changes the parameters of the challenge of 401.
	challenge func(a *Auth, parameters map[string]string)
	// resource changes the metadata of the MCP server.
	resource func(a *Auth, metadata map[string]any)
	// authority changes the metadata of the authorization server.
	authority func(a *Auth, metadata map[string]any)
	// back changes the query that the person is sent back with.
	back func(a *Auth, query url.Values)
	// serve answers in place of what is at a place and path.
	serve map[string]func(a *Auth, w http.ResponseWriter, r *http.Request)
}

// The places of an Auth.
const (
	atResource  = "the MCP server"
	atAuthority = "the authorization server"
	atAttacker  = "the attacker"
)

// An Auth is a protected MCP server, its authorization server and an attacker's
// server, each at an origin of its own. What reaches the hostile one of them is
// searched for secrets. Close stops all three.
type Auth struct {
	fault    AuthFault
	path     string
	servers  []*httptest.Server
	origins  map[string]string // by place
	sound    *authserver.Server
	protects *Server

	mu      sync.Mutex
	reached []string
	states  []string
	seen    map[string]int
}

// StartAuth starts the fault of that name on a protocol line.
func StartAuth(name string, line Line) (*Auth, error) {
	i := slices.IndexFunc(AuthFaults, func(f AuthFault) bool { return f.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("no fault %q of authorization", name)
	}
	a := &Auth{fault: AuthFaults[i], path: Path(line, "mcp", name), origins: map[string]string{}, protects: New(), seen: map[string]int{}}
	for place, handler := range map[string]http.HandlerFunc{atResource: a.serveResource, atAuthority: a.serveAuthority, atAttacker: a.serveAttacker} {
		s := httptest.NewUnstartedServer(a.watch(place, handler))
		a.servers = append(a.servers, s)
		scheme := "http://"
		if a.fault.elsewhere {
			// Beside a server that is not of the loopback nothing is without TLS. Its
			// certificate is nobody's, so clients that meet it do not look at it.
			s.TLS = &tls.Config{MinVersion: tls.VersionTLS13}
			scheme = "https://"
			if place == atResource {
				listener, err := elsewhere()
				if err != nil {
					a.Close()
					return nil, err
				}
				_ = s.Listener.Close()
				s.Listener = listener
			}
		}
		a.origins[place] = scheme + s.Listener.Addr().String()
	}
	a.sound = authserver.New(authserver.Options{Issuer: a.origins[atAuthority], Resource: a.URL(), Scopes: []string{"use"}, OnSecret: canary.Note})
	for _, s := range a.servers {
		if s.TLS != nil {
			s.StartTLS()
		} else {
			s.Start()
		}
	}
	return a, nil
}

// elsewhere listens on an address of this machine that is not of the loopback.
func elsewhere() (net.Listener, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	for _, address := range addresses {
		if n, ok := address.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsGlobalUnicast() {
			return net.Listen("tcp4", net.JoinHostPort(n.IP.String(), "0"))
		}
	}
	return nil, fmt.Errorf("this machine has no address but those of the loopback")
}

// Close stops the servers.
func (a *Auth) Close() {
	for _, s := range a.servers {
		s.CloseClientConnections()
		s.Close()
	}
}

// URL is the MCP endpoint.
func (a *Auth) URL() string { return a.origins[atResource] + a.path }

// Origin returns the origin of "the MCP server", "the authorization server" or
// "the attacker".
func (a *Auth) Origin(place string) string { return a.origins[place] }

// Reached lists what the hostile place learned that it should not have.
func (a *Auth) Reached() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.reached)
}

// Seen returns how many requests came for a place and a path.
func (a *Auth) Seen(placeAndPath string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.seen[placeAndPath]
}

// Counts are those of the sound authorization server.
func (a *Auth) Counts() authserver.Counts { return a.sound.Counts() }

// secrets are what is searched for in requests to the hostile place, by what
// they hold.
var secrets = map[string]string{
	authserver.CodePrefix: "a code", authserver.AccessTokenPrefix: "an access token", authserver.RefreshTokenPrefix: "a refresh token",
	authserver.SecretPrefix: "a client's secret", "code_verifier": "a verifier",
}

// watch searches what reaches the hostile place, and answers.
func (a *Auth) watch(place string, next http.HandlerFunc) http.Handler {
	return ForPages(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBytes))
		if err != nil {
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
			return
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		a.mu.Lock()
		a.seen[place+" "+r.URL.Path]++
		if place == a.fault.hostile {
			text := r.URL.String() + " " + fmt.Sprint(r.Header) + " " + string(body)
			for mark, what := range secrets {
				if strings.Contains(text, mark) {
					a.reached = append(a.reached, what+" reached "+place)
				}
			}
			if r.Header.Get("Authorization") != "" {
				a.reached = append(a.reached, "an Authorization header reached "+place)
			}
		}
		a.mu.Unlock()
		if serve := a.fault.serve[place+" "+r.URL.Path]; serve != nil {
			serve(a, w, r)
			return
		}
		next(w, r)
	}))
}

const resourceMetadata = "/.well-known/oauth-protected-resource"

// serveResource is the MCP server and its metadata (RFC 9728).
func (a *Auth) serveResource(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == resourceMetadata+a.path {
		metadata := map[string]any{"resource": a.URL(), "authorization_servers": []string{a.origins[atAuthority]}, "scopes_supported": []string{"use"}}
		if a.fault.resource != nil {
			a.fault.resource(a, metadata)
		}
		writeJSON(w, http.StatusOK, metadata)
		return
	}
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if _, good := a.sound.Verify(token); (!bearer || !good) && !strings.HasSuffix(r.URL.Path, "/counters") {
		parameters := map[string]string{"resource_metadata": a.origins[atResource] + resourceMetadata + a.path}
		if a.fault.challenge != nil {
			a.fault.challenge(a, parameters)
		}
		var list []string
		for name, value := range parameters {
			list = append(list, fmt.Sprintf("%s=%q", name, value))
		}
		slices.Sort(list)
		w.Header().Set("WWW-Authenticate", "Bearer "+strings.Join(list, ", "))
		http.Error(w, "a token is needed", http.StatusUnauthorized)
		return
	}
	a.protects.ServeHTTP(w, r)
}

// serveAuthority is the authorization server. Only what is said of it and where
// people are sent back to is changed.
func (a *Auth) serveAuthority(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == authserver.MetadataPath && a.fault.authority != nil:
		writeJSON(w, http.StatusOK, a.metadata(func(metadata map[string]any) { a.fault.authority(a, metadata) }))
	case r.URL.Path == authserver.DecidePath && a.fault.back != nil:
		decided := httptest.NewRecorder()
		a.sound.ServeHTTP(decided, r)
		if back, err := decided.Result().Location(); err == nil {
			query := back.Query()
			a.fault.back(a, query)
			back.RawQuery = query.Encode()
			http.Redirect(w, r, back.String(), http.StatusSeeOther)
			return
		}
		http.Error(w, decided.Body.String(), decided.Code)
	default:
		a.sound.ServeHTTP(w, r)
	}
}

// serveAttacker is an authorization server that has everything done by the sound
// one, but for the token endpoint.
func (a *Auth) serveAttacker(w http.ResponseWriter, r *http.Request) {
	own := a.origins[atAttacker]
	switch r.URL.Path {
	case authserver.MetadataPath:
		writeJSON(w, http.StatusOK, a.metadata(func(metadata map[string]any) {
			metadata["issuer"], metadata["token_endpoint"], metadata["registration_endpoint"] = own, own+authserver.TokenPath, own+authserver.RegisterPath
		}))
	case authserver.RegisterPath:
		a.sound.ServeHTTP(w, r)
	case authserver.TokenPath:
		writeJSON(w, http.StatusOK, map[string]any{"access_token": "from the attacker", "token_type": "Bearer", "expires_in": 60})
	default:
		// Metadata of a resource, whoever asks.
		writeJSON(w, http.StatusOK, map[string]any{"resource": a.URL(), "authorization_servers": []string{own}})
	}
}

// metadata returns that of the sound authorization server, changed.
func (a *Auth) metadata(change func(map[string]any)) map[string]any {
	said := httptest.NewRecorder()
	a.sound.ServeHTTP(said, httptest.NewRequest(http.MethodGet, authserver.MetadataPath, nil))
	metadata := map[string]any{}
	if err := json.Unmarshal(said.Body.Bytes(), &metadata); err != nil {
		metadata["error"] = err.Error() // cannot happen: it is JSON
	}
	change(metadata)
	return metadata
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may have left
}
