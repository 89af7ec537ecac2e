package main

import (
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
	file    string
	servers []configured // by name
	secrets []string     // what came from the environment, and values of headers
}

// A configured is one server of a configuration.
type configured struct {
	name    string
	url     string
	headers http.Header
	err     error // why it cannot be used
}

// configEntry is what is read of a server. What else there is is another
// application's business.
type configEntry struct {
	URL      string
	Headers  map[string]string
	Command  string
	Disabled bool
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
		if !entry.Disabled {
			c.servers = append(c.servers, c.read(name, entry))
		}
	}
	return c, nil
}

func (c *configuration) read(name string, entry configEntry) configured {
	s := configured{name: name, headers: http.Header{}}
	if entry.URL == "" {
		if entry.Command != "" {
			s.err = &host.Error{Code: host.CodeLocalUnsupported, Message: "this program starts no servers: only those with a url can be used", Sent: host.SentNo}
		} else {
			s.err = usage(`it has no "url" in %s`, c.file)
		}
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

// redactor strikes out all secrets of the file.
func (c *configuration) redactor() *redactor { return newRedactor(http.Header{"": c.secrets}) }

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
	return nil, usage("%s has no server %q; it has: %s", c.file, oneLine(name, 60), c.names())
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
			return nil, usage("%s has no server %q; it has: %s", c.file, oneLine(name, 60), c.names())
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
