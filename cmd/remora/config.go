package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/remora-mcp/remora/host"
)

// maxConfigBytes bounds a configuration file.
const maxConfigBytes = 1 << 20

// A configuration is the file in which applications keep their MCP servers: an
// object with the member mcpServers, whose members are the servers by name.
type configuration struct {
	file     string
	servers  []configured // by name
	disabled []string     // names of servers that are not to be used
	secrets  []string     // what came from the environment, and values of headers and variables
}

// A configured is one server of a configuration: one at a URL, or a program.
type configured struct {
	name    string
	url     string
	headers http.Header
	program *host.Command // nil for one at a URL
	err     error         // why it cannot be used
}

// configEntry is what is read of a server. What else there is is another
// application's business.
type configEntry struct {
	Type     string
	URL      string
	Headers  map[string]string
	Command  string
	Args     []string
	Env      map[string]string
	Cwd      string
	Disabled bool
}

// oneServer checks the arguments of a command for one server, which a URL, --, or
// --config and a name name, and that has from least to most further arguments, no
// bound if most is negative.
func (f *serverFlags) oneServer(least, most int) cobra.PositionalArgs {
	return f.unlessConfig(serverArgs(least, most), func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usage("--config needs the name of one server of the file")
		}
		return checkRest(len(args)-1, least, most)
	})
}

// unlessConfig checks a command's arguments: by the first check if it names its
// server, by the second if --config does.
func (f *serverFlags) unlessConfig(named, configured cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case f.config == "":
			return named(cmd, args)
		case cmd.ArgsLenAtDash() >= 0:
			return usage("--config names servers, and so does what stands behind --: give one of them")
		}
		return positional(configured)(cmd, args)
	}
}

// readConfiguration reads a file. A server that cannot be used has its err set;
// the error is about the file as a whole.
func readConfiguration(file string) (*configuration, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, usage("--config: %v", err)
	}
	defer f.Close()
	text, err := readUpTo(f, maxConfigBytes)
	if err != nil {
		return nil, usage("--config: %s: %v", file, err)
	}
	var document struct {
		Servers map[string]json.RawMessage `json:"mcpServers"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		return nil, usage("--config: %s is not a JSON object: %v", file, err)
	}
	if document.Servers == nil {
		return nil, usage(`--config: %s has no member "mcpServers"`, file)
	}
	c := &configuration{file: file}
	for _, name := range slices.Sorted(maps.Keys(document.Servers)) {
		var entry configEntry
		if err := json.Unmarshal(document.Servers[name], &entry); err != nil {
			c.servers = append(c.servers, configured{name: name, err: usage("its entry in %s has a member of another type than it should", file)})
			continue
		}
		if entry.Disabled {
			c.disabled = append(c.disabled, name)
			continue
		}
		c.servers = append(c.servers, c.read(name, entry))
	}
	return c, nil
}

func (c *configuration) read(name string, entry configEntry) configured {
	s := configured{name: name, headers: http.Header{}}
	if s.err = c.checkKind(entry); s.err != nil {
		return s
	}
	if entry.Command != "" {
		s.program, s.err = c.program(entry)
		return s
	}
	if s.url, s.err = c.expand(entry.URL); s.err != nil {
		return s
	}
	for _, header := range slices.Sorted(maps.Keys(entry.Headers)) {
		if !isHeaderName(header) {
			s.err = usage("one of its headers has a name that is not a header's name")
			return s
		}
		value, err := c.expand(entry.Headers[header])
		if err != nil {
			s.err = err
			return s
		}
		c.secrets = append(c.secrets, value)
		s.headers.Set(header, strings.TrimSpace(value))
	}
	return s
}

// checkKind checks that an entry is of one kind: a program, or a server at a URL.
// Its type, which other applications have, may say which, and nothing else.
func (c *configuration) checkKind(entry configEntry) error {
	switch entry.Type {
	case "", "stdio":
	case "http", "streamable-http", "streamableHttp", "sse", "ws", "websocket": // which of them it is shows by itself
	default:
		return &host.Error{Code: host.CodeLocalUnsupported, Sent: host.SentNo,
			Message: fmt.Sprintf("servers of the type %q cannot be used: there are stdio, http, streamable-http, sse and ws", oneLine(entry.Type, 40))}
	}
	switch {
	case entry.URL != "" && entry.Command != "":
		return usage(`it has both "url" and "command" in %s`, c.file)
	case entry.URL == "" && entry.Command == "":
		return usage(`it has no "url" and no "command" in %s`, c.file)
	case entry.Command == "" && entry.Type == "stdio":
		return usage(`its "type" in %s is "stdio", which needs a "command"; it has a "url"`, c.file)
	case entry.Command != "" && entry.Type != "" && entry.Type != "stdio":
		return usage(`its "type" in %s is %q, which needs a "url"; it has a "command"`, c.file, entry.Type)
	case entry.Command != "" && len(entry.Headers) > 0:
		return usage(`it has "headers" in %s, which are for a "url"`, c.file)
	}
	return nil
}

// program reads a server that is to be run. It has the environment of this
// program, as one behind "--" has, and the variables of its entry.
func (c *configuration) program(entry configEntry) (*host.Command, error) {
	program := &host.Command{Env: os.Environ()}
	var err error
	expand := func(text string) string {
		expanded, failed := c.expand(text)
		err = cmp.Or(err, failed)
		return expanded
	}
	program.Path, program.Dir = expand(entry.Command), expand(entry.Cwd)
	for _, arg := range entry.Args {
		program.Args = append(program.Args, expand(arg))
	}
	for _, name := range slices.Sorted(maps.Keys(entry.Env)) {
		if name == "" || strings.ContainsAny(name, "=\x00") {
			return nil, usage(`one of the names in its "env" is not a variable's name`)
		}
		value := expand(entry.Env[name])
		c.secrets = append(c.secrets, value)
		program.Env = append(program.Env, name+"="+value)
	}
	return program, err
}

// variable is how applications write a variable of the environment: ${NAME},
// ${NAME:-what stands for it if there is none} and ${env:NAME}.
var variable = regexp.MustCompile(`\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(:-[^}]*)?\}|\$\{[^}]*\}`)

// expand fills in the environment.
func (c *configuration) expand(text string) (string, error) {
	var err error
	out := variable.ReplaceAllStringFunc(text, func(found string) string {
		parts := variable.FindStringSubmatch(found)
		if parts[1] == "" {
			err = usage("what stands in ${...} in %s is not a variable of the environment", c.file)
			return ""
		}
		if value, ok := os.LookupEnv(parts[1]); ok {
			c.secrets = append(c.secrets, value)
			return value
		}
		if parts[2] == "" && err == nil {
			err = usage("there is no environment variable %s, which %s names", parts[1], c.file)
		}
		return strings.TrimPrefix(parts[2], ":-")
	})
	return out, err
}

// server returns the server of that name.
func (c *configuration) server(name string) (*configured, error) {
	for i := range c.servers {
		if s := &c.servers[i]; s.name == name {
			if s.err != nil {
				return nil, &spokenError{fmt.Sprintf("the server %q: %v", oneLine(name, 60), s.err), s.err}
			}
			return s, nil
		}
	}
	return nil, c.missing(name)
}

// missing says that there is no server of that name to be used.
func (c *configuration) missing(name string) error {
	if slices.Contains(c.disabled, name) {
		return usage("the server %q is disabled in %s", oneLine(name, 60), c.file)
	}
	return usage("%s has no server %q; it has: %s", c.file, oneLine(name, 60), c.names())
}

func (c *configuration) names() string {
	var names []string
	for _, s := range c.servers {
		names = append(names, oneLine(s.name, 60))
	}
	return oneLine(strings.Join(names, ", "), 1000)
}

// choose leaves the servers of these names; none means all.
func (c *configuration) choose(names []string) ([]configured, error) {
	if len(names) == 0 {
		return c.servers, nil
	}
	var out []configured
	for _, name := range names {
		i := slices.IndexFunc(c.servers, func(s configured) bool { return s.name == name })
		if i < 0 {
			return nil, c.missing(name)
		}
		out = append(out, c.servers[i])
	}
	return out, nil
}

// having leaves the servers that can have a tool of that name, by its prefix;
// all, if none can.
func (c *configuration) having(tool string) []configured {
	var out []configured
	for _, s := range c.servers {
		if strings.HasPrefix(tool, host.PrefixedName(s.name, "")) {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return c.servers
	}
	return out
}
