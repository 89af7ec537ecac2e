package fault

import (
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/rs/cors"
)

// A Line is a protocol line, named by its newest revision.
type Line string

// The protocol lines.
const (
	Line2025 Line = "2025-11-25"
	Line2026 Line = "2026-07-28"
)

const (
	// maxRuns bounds the runs of one server; a run beyond it is refused.
	maxRuns = 10_000
	// maxRequestBytes bounds the body of one request.
	maxRequestBytes = 8 << 20
)

// A Server is the whole of this package as an http.Handler.
type Server struct {
	mu    sync.Mutex
	rooms map[string]*room

	open http.Handler // with CORS for every origin
}

// New returns a server with no runs.
func New() *Server {
	s := &Server{rooms: map[string]*room{}}
	s.open = ForPages(http.HandlerFunc(s.serve))
	return s
}

// ForPages lets the pages of every origin see what h answers.
func ForPages(h http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowedOrigins:      []string{"*"},
		AllowedMethods:      []string{http.MethodGet, http.MethodPost, http.MethodDelete},
		AllowedHeaders:      []string{"*"},
		ExposedHeaders:      []string{"Mcp-Session-Id", "WWW-Authenticate"},
		AllowPrivateNetwork: true,
	}).Handler(h)
}

// Path returns the path of an endpoint.
func Path(line Line, endpoint, run string) string {
	return fmt.Sprintf("/%s/%s/%s", line, endpoint, run)
}

// runName is what a run may be called.
var runName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if len(parts) == 3 && parts[1] == noCORS {
		s.serve(w, r)
		return
	}
	s.open.ServeHTTP(w, r)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if len(parts) < 3 || len(parts) > 4 || !runName.MatchString(parts[2]) {
		http.Error(w, "the path of a fault is /{line}/{endpoint}/{run}", http.StatusNotFound)
		return
	}
	line := Line(parts[0])
	endpoint, known := endpointNamed(parts[1])
	if line != Line2025 && line != Line2026 || !known {
		http.Error(w, "no such line or endpoint", http.StatusNotFound)
		return
	}
	room := s.room(parts[0] + "/" + parts[2])
	if room == nil {
		http.Error(w, "too many runs", http.StatusServiceUnavailable)
		return
	}
	if len(parts) == 4 {
		switch parts[3] {
		case "counters":
			room.serveCounters(w, r)
		case "page":
			room.servePage(w, r)
		default:
			http.Error(w, "only /counters and /page are below an endpoint", http.StatusNotFound)
		}
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxRequestBytes)
	room.count("at." + endpoint.Name)
	if host, _, err := net.SplitHostPort(r.Host); err == nil && r.Header.Get("Authorization") != "" {
		room.count("authorization")
		room.count("authorization." + host)
	}
	room.add("open", 1)
	defer room.add("open", -1)
	endpoint.serve(&request{w: w, r: r, room: room, line: line})
}

// room returns the run of that name, made on first use, or nil if there are too
// many.
func (s *Server) room(name string) *room {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found := s.rooms[name]; found != nil {
		return found
	}
	if len(s.rooms) >= maxRuns {
		return nil
	}
	made := newRoom()
	s.rooms[name] = made
	return made
}
