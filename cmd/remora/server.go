package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"

	"github.com/remora-mcp/remora/host"
)

const (
	// slowStart is how long the start may take before the person is told why.
	slowStart = time.Second
	// closeWait bounds how long the program waits at its end for the server.
	closeWait = 5 * time.Second
)

// serverFlags are the flags of every command that talks to a server.
type serverFlags struct {
	headers   []string
	headerEnv []string
	protocol  string
	json      bool
	timeout   time.Duration
	quiet     bool
	config    string
	trace     traceFlags
	logLevel  string
	store     storeFlags

	command    []string     // the program that is the server; nil for one at a URL
	stores     []host.Store // that have logins,
	storesRead bool         // once they were looked for
}

func (f *serverFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVarP(&f.headers, "header", "H", nil, "a header to send to the server, as `\"Name: value\"`; may be repeated")
	flags.StringArrayVar(&f.headerEnv, "header-env", nil, "a header, as `Name=VARIABLE`, whose value is in the environment and so not in the list of processes")
	flags.StringVar(&f.config, "config", "", "`file` with the member mcpServers, as other applications have it; its servers take the place of URL")
	flags.StringVar(&f.protocol, "protocol", "", "newest `revision` of MCP to ask for, like 2025-11-25 (default: the newest that both sides know)")
	flags.BoolVar(&f.json, "json", false, "print one JSON document, as the server sent it")
	flags.DurationVar(&f.timeout, "timeout", time.Minute, "give up when nothing is heard for this `duration`; progress starts it anew")
	flags.StringVar(&f.logLevel, "log-level", "", "show what the server logs, from this `level` on: "+strings.Join(logLevels, ", "))
	_ = cmd.RegisterFlagCompletionFunc("log-level", cobra.FixedCompletions(logLevels, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "say nothing on standard error but errors")
	f.store.register(cmd)
	f.trace.register(cmd)
}

// A server is a session, or a group of them, with what belongs to it. Its errors
// are to go through redact.error.
type server struct {
	*host.Session
	group  *host.Group // instead of a session
	redact *redactor
}

// with connects to the server at url, or to the program of forServer, runs f, and
// closes the session. The context that f gets carries the call options of the
// flags. With --config, url is the name of a server of the file.
func (f *serverFlags) with(cmd *cobra.Command, url string, handlers func(*redactor) host.Handlers, run func(context.Context, *server) error) error {
	headers, err := parseHeaders(f.headers, f.headerEnv)
	if err != nil {
		return err
	}
	program := f.program()
	var secrets []string
	if f.config != "" {
		c, err := readConfiguration(f.config)
		if err != nil {
			return err
		}
		named, err := c.server(url)
		if err != nil {
			return err
		}
		for name, values := range named.headers {
			if headers.Values(name) == nil {
				headers[name] = values
			}
		}
		url, program = named.url, named.program
		secrets = c.secrets
	}
	if program != nil && len(headers) > 0 {
		return usage("--header and --header-env are for a URL: a program takes its arguments and environment")
	}
	var auth *host.AuthOptions
	if program == nil {
		if auth, err = f.keptAuth(cmd, url, headers); err != nil {
			return err
		}
		if auth != nil {
			secrets = append(secrets, auth.ClientSecret)
		}
	}
	redact := newRedactor(append(secrets, slices.Concat(slices.Collect(maps.Values(headers))...)...))
	return f.withRuntime(cmd, redact, func(ctx context.Context, rt *opening) (err error) {
		if program == nil && headers.Get("Authorization") == "" {
			defer func() { err = wantsLogin(err, url) }()
		}
		options := f.connectOptions(headers)
		options.Auth = auth
		options.Events = rt.events
		options.Events.Log = f.logTo(cmd.ErrOrStderr(), redact, program != nil)
		answerWith(&options, handlers, redact)
		connected := rt.hearOut(&options.Events)
		var session *host.Session
		if program != nil {
			session, err = rt.ConnectCommand(ctx, f.heard(*program, cmd.ErrOrStderr(), "", redact), &options)
		} else {
			session, err = rt.Connect(ctx, url, &options)
		}
		rt.note(err)
		if err != nil {
			return err
		}
		connected()
		return run(ctx, &server{Session: session, redact: redact})
	})
}

// answerWith has the servers' questions answered, if there are handlers.
func answerWith(options *host.ConnectOptions, handlers func(*redactor) host.Handlers, redact *redactor) {
	if handlers == nil {
		return
	}
	options.Handlers = handlers(redact)
	if options.Handlers.Elicit != nil {
		options.Capabilities = &mcp.ClientCapabilities{Elicitation: &mcp.ElicitationCapabilities{
			Form: &mcp.FormElicitationCapabilities{}, URL: &mcp.URLElicitationCapabilities{}}}
	}
}

// connectOptions are those of every session.
func (f *serverFlags) connectOptions(headers http.Header) host.ConnectOptions {
	options := host.ConnectOptions{
		ClientInfo:      &mcp.Implementation{Name: "remora", Title: "remora command line", Version: host.Version},
		Headers:         headers,
		ProtocolVersion: f.protocol,
	}
	if f.logLevel != "" {
		//lint:ignore SA1019 logging is deprecated as of 2026-07-28 and part of the older revisions
		options.LogLevel = mcp.LoggingLevel(f.logLevel)
	}
	return options
}

// An opening is a runtime in which sessions are about to be opened.
type opening struct {
	*host.Runtime
	events host.Events // what --trace wants to hear of each session
	opened *bool

	mu   sync.Mutex
	said []<-chan struct{} // closed when a session's last event was told
}

// hearOut adds to a session's events what withRuntime waits for at its end, once
// connected is called: all that the session has to say.
func (o *opening) hearOut(events *host.Events) (connected func()) {
	said := make(chan struct{})
	events.State = func(c host.StateChange) {
		if c.State == host.StateClosed {
			close(said) // nothing follows
		}
	}
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.said = append(o.said, said)
	}
}

// note learns what became of opening a session. What cannot be right is refused
// before there is one to trace.
func (o *opening) note(err error) {
	if !errors.Is(err, &host.Error{Code: host.CodeLocalBadURL}) && !errors.Is(err, &host.Error{Code: host.CodeLocalBadArgument}) {
		*o.opened = true
	}
}

// withRuntime opens the runtime, runs f, and closes it.
func (f *serverFlags) withRuntime(cmd *cobra.Command, redact *redactor, run func(context.Context, *opening) error) (err error) {
	defer func() { err = redact.error(err) }()
	if f.timeout <= 0 {
		return usage("--timeout must be more than zero")
	}
	if f.logLevel != "" && !slices.Contains(logLevels, f.logLevel) {
		return usage("--log-level is one of %s", strings.Join(logLevels, ", "))
	}
	trace, err := f.trace.open(cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	opened := false
	defer func() { err = cmp.Or(err, trace.close(opened)) }()

	ctx := host.WithCallOptions(cmd.Context(), host.CallOptions{Timeout: f.timeout})
	stopNotice := func() {}
	if !f.quiet && terminalFile(cmd.ErrOrStderr()) != nil {
		stopNotice = notice(cmd.ErrOrStderr(), "preparing; this takes a few seconds the first time")
	}
	rt, err := host.Open(ctx, host.Options{})
	stopNotice()
	if err != nil {
		return err
	}
	opening := &opening{Runtime: rt, events: trace.events(), opened: &opened}
	defer func() {
		// The calls are over; what is left is to say goodbye, which a server
		// that is gone does not hear. Cancellations leave here at the latest.
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWait)
		defer cancel()
		_ = rt.Close(closing)
		for _, said := range opening.said {
			select {
			case <-said:
			case <-closing.Done():
			}
		}
	}()
	return run(ctx, opening)
}

// notice writes a line to w unless it is stopped within slowStart.
func notice(w io.Writer, text string) (stop func()) {
	t := time.AfterFunc(slowStart, func() { fmt.Fprintln(w, "remora:", text) })
	return func() { t.Stop() }
}
