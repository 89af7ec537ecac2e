package core

import (
	"github.com/remora-mcp/remora/internal/wire"
)

// commands holds the handler of every row of wire.Commands. A handler blocks
// until its command is done, and returns the result's JSON. Its context is the
// call's.
var commands map[string]func(*Core, *call) ([]byte, error)

func init() { // in init: the handlers refer back to the table
	commands = map[string]func(*Core, *call) ([]byte, error){
		"callTool":              inSession((*session).callTool),
		"close":                 inSession((*session).closeCommand),
		"complete":              inSession((*session).complete),
		"connect":               (*Core).connect,
		"discover":              (*Core).discover,
		"getPrompt":             inSession((*session).getPrompt),
		"listPrompts":           inSession((*session).listPrompts),
		"listResourceTemplates": inSession((*session).listResourceTemplates),
		"listResources":         inSession((*session).listResources),
		"listTools":             inSession((*session).listTools),
		"listen":                inSession((*session).listen),
		"login":                 (*Core).login,
		"logout":                (*Core).logout,
		"ping":                  inSession((*session).ping),
		"readResource":          inSession((*session).readResource),
		"run":                   (*Core).run,
		"setLoggingLevel":       inSession((*session).setLoggingLevel),
		"setRoots":              inSession((*session).setRoots),
		"snapshot":              inSession((*session).snapshot),
		"stats":                 (*Core).stats,
		"subscribeResource":     inSession((*session).subscribeResource),
		"unsubscribeResource":   inSession((*session).unsubscribeResource),
		"whoami":                (*Core).whoami,
	}
}

var emptyResult = []byte(`{}`)

// inSession finds the session that a call names.
func inSession(handler func(*session, *call) ([]byte, error)) func(*Core, *call) ([]byte, error) {
	return func(c *Core, cl *call) ([]byte, error) {
		s, err := c.findSession(cl.header.Session)
		if err != nil {
			return nil, err
		}
		if s.current() == nil {
			return nil, newError(wire.CodeLocalClosed, "session %d is not open yet", s.id)
		}
		return handler(s, cl)
	}
}

// readParams decodes a command's parameters; none is the same as {}.
func readParams(cl *call, v any) error {
	if len(cl.params) == 0 {
		return nil
	}
	if err := decodeJSON(cl.params, v); err != nil {
		return badArgument("the parameters of %s: %v", cl.header.Command, err)
	}
	return nil
}
