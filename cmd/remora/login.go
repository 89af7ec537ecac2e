package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"

	"github.com/remora-mcp/remora/host"
)

// loginGrants are what --grant names.
var loginGrants = []string{string(host.GrantAuthorizationCode), string(host.GrantClientCredentials), string(host.GrantWorkload)}

// loginFlags are the flags of login, besides those of every command about logins.
type loginFlags struct {
	accountFlags
	scopes      []string
	clientID    string
	secretFile  string
	secretEnv   string
	metadataURL string
	issuer      string
	grant       string
	key         string
	keyID       string
	assertion   string
	dpop        bool
	noBrowser   bool
	again       bool
}

func newLogin() *cobra.Command {
	var flags loginFlags
	cmd := &cobra.Command{
		Use:   "login {URL | --config FILE SERVER}",
		Short: "Log in to a server that wants a token",
		Long: `Log in to the MCP server at URL, and keep what comes of it: tools, call and the
other commands then use it, and renew it, by themselves. It is kept in the
system's keyring, or where there is none in a file that only you can read;
--store says otherwise.

The authorization server's page is opened in the browser, which comes back to a
port on 127.0.0.1 when you have agreed. With --no-browser, and where no browser
can be opened, the page's address is printed; on another machine, the address that
its browser comes back to can be pasted here.

The program registers itself with the authorization server, unless it is given
--client-id, or --client-metadata-url where the authorization server takes such.
With --grant client_credentials or workload nobody is asked: --client-id goes with
a secret, with --key (private_key_jwt), or with --assertion-file. What is given
here is kept too, for the time that the token has to be asked for anew; of files
with keys and assertions it is the name.

` + exitHelp,
		Example: `  remora login https://example.com/mcp
  remora login --scope files:read --scope files:write https://example.com/mcp
  remora login --grant client_credentials --client-id ci --client-secret-env CI_SECRET https://example.com/mcp
  remora login --grant client_credentials --client-id ci --key ci.pem https://example.com/mcp`,
		Args:              flags.server.oneURL(),
		RunE:              func(cmd *cobra.Command, args []string) error { return flags.login(cmd, args[0]) },
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	f := cmd.Flags()
	f.StringArrayVar(&flags.scopes, "scope", nil, "a `scope` to ask for, besides those that the server names; may be repeated")
	f.StringVar(&flags.clientID, "client-id", "", "the `name` that the program is registered under at the authorization server")
	f.StringVar(&flags.secretFile, "client-secret-file", "", "`file` with the secret that belongs to --client-id")
	f.StringVar(&flags.secretEnv, "client-secret-env", "", "`variable` of the environment with that secret")
	f.StringVar(&flags.metadataURL, "client-metadata-url", "", "`URL` of a document that describes the client, which is its name where such are taken")
	f.StringVar(&flags.issuer, "issuer", "", "the authorization server that --client-id is registered with, a `URL`; another one is refused")
	f.StringVar(&flags.grant, "grant", "", "how to ask for a token: `"+strings.Join(loginGrants, "|")+"` (default: the first)")
	f.StringVar(&flags.key, "key", "", "`file` with a private key (PEM) that signs for --client-id")
	f.StringVar(&flags.keyID, "key-id", "", "the `name` of that key at the authorization server")
	f.StringVar(&flags.assertion, "assertion-file", "", "`file` with the token of the workload, read each time that it is needed")
	f.BoolVar(&flags.dpop, "dpop", false, "bind tokens to a key, which is made and kept (RFC 9449)")
	f.BoolVar(&flags.noBrowser, "no-browser", false, "open no browser: print the page's address, and take the one that is pasted")
	f.BoolVar(&flags.again, "again", false, "get a new token though there is one that is good, as any flag about the token does")
	_ = cmd.RegisterFlagCompletionFunc("grant", cobra.FixedCompletions(loginGrants, cobra.ShellCompDirectiveNoFileComp)) // the flags are there
	for _, name := range []string{"client-id", "client-secret-env", "issuer", "client-metadata-url", "key-id", "scope"} {
		_ = cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
	flags.register(cmd)
	return cmd
}

// tokenFlags are those that say which token is wanted.
var tokenFlags = []string{"scope", "client-id", "client-secret-file", "client-secret-env", "client-metadata-url", "issuer", "grant", "key", "key-id",
	"assertion-file", "dpop"}

// amend takes what the flags say into how somebody has logged in before. What they
// do not say stays.
func (f *loginFlags) amend(cmd *cobra.Command, kept *keptLogin) (err error) {
	given := cmd.Flags().Changed
	f.again = f.again || slices.ContainsFunc(tokenFlags, given)
	if given("client-id") && f.clientID != kept.ClientID {
		kept.ClientSecret, kept.Key, kept.KeyID = "", "", "" // another's
	}
	for _, text := range []struct {
		flag     string
		from, to *string
	}{
		{"client-id", &f.clientID, &kept.ClientID}, {"client-metadata-url", &f.metadataURL, &kept.ClientMetadataURL},
		{"issuer", &f.issuer, &kept.Issuer}, {"grant", &f.grant, &kept.Grant}, {"key-id", &f.keyID, &kept.KeyID},
	} {
		if given(text.flag) {
			*text.to = *text.from
		}
	}
	if given("scope") {
		kept.Scopes = nil
		for _, s := range f.scopes {
			kept.Scopes = append(kept.Scopes, strings.Fields(s)...)
		}
	}
	// What is kept is used from other folders.
	for _, file := range []struct {
		flag, name string
		to         *string
	}{{"key", f.key, &kept.Key}, {"assertion-file", f.assertion, &kept.Assertion}} {
		if !given(file.flag) {
			continue
		}
		if *file.to, err = filepath.Abs(file.name); err != nil {
			return usage("--%s: %v", file.flag, err)
		}
	}
	switch {
	case kept.Grant != "" && !slices.Contains(loginGrants, kept.Grant):
		return usage("--grant is one of %s", strings.Join(loginGrants, ", "))
	case f.secretFile != "" && f.secretEnv != "":
		return usage("--client-secret-file and --client-secret-env say the same: give one of them")
	case f.secretFile != "":
		if kept.ClientSecret, err = readSecret(f.secretFile); err != nil {
			return usage("--client-secret-file: %v", err)
		}
	case f.secretEnv != "":
		if kept.ClientSecret = os.Getenv(f.secretEnv); kept.ClientSecret == "" {
			return usage("--client-secret-env %s: there is no environment variable of the name given, or it is empty", f.secretEnv)
		}
	}
	if kept.ClientID == "" && (kept.ClientSecret != "" || kept.Key != "" && kept.ClientMetadataURL == "") {
		return usage("a secret or a key belongs to --client-id, which is missing")
	}
	if kept.Grant == string(host.GrantWorkload) && kept.Assertion == "" {
		return usage("--grant workload needs --assertion-file")
	}
	if f.dpop && kept.DPoPKey == "" {
		kept.DPoPKey, err = newDPoPKey()
	} else if given("dpop") && !f.dpop {
		kept.DPoPKey = ""
	}
	return err
}

func (f *loginFlags) login(cmd *cobra.Command, name string) error {
	say := f.server.sayTo(cmd.ErrOrStderr())
	url, err := f.find(name)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	stores, err := f.server.store.existing(ctx, say)
	if err != nil {
		return err
	}
	kept, before, err := findLogin(ctx, stores, url)
	if err != nil {
		return err
	}
	if kept == nil {
		kept = new(keptLogin)
	}
	if err := f.amend(cmd, kept); err != nil {
		return err
	}
	store := before
	if store == nil || f.server.store.kind != "" {
		if store, err = f.server.store.open(ctx, say); err != nil {
			return err
		}
	}
	options, err := kept.options(store)
	if err != nil {
		return err
	}
	redact := newRedactor([]string{kept.ClientSecret})
	return f.run(cmd, redact, func(ctx context.Context, rt *opening, client *mcp.Implementation) error {
		if kept.Grant == "" || kept.Grant == string(host.GrantAuthorizationCode) {
			browser, err := newBrowserLogin(kept.Port, f.noBrowser, cmd.InOrStdin(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			defer browser.close()
			kept.Port = browser.port()
			options.Authorize, options.RedirectURL = browser.authorize, browser.loopback.RedirectURL()
		}
		status, err := rt.Login(ctx, url, &host.LoginOptions{
			ConnectOptions: host.ConnectOptions{ClientInfo: client, Auth: options, ProtocolVersion: f.server.protocol}, Again: f.again,
		})
		if err != nil {
			return err
		}
		if !status.Authorized {
			say("the server wants no token")
			return f.print(cmd.OutOrStdout(), url, status)
		}
		if err := kept.keep(ctx, store, url); err != nil {
			return err
		}
		return f.print(cmd.OutOrStdout(), url, status)
	})
}

// accountFlags are the flags of the commands about logins.
type accountFlags struct{ server serverFlags }

func (f *accountFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.server.config, "config", "", "`file` with the member mcpServers; SERVER is the name of one of them")
	flags.StringVar(&f.server.protocol, "protocol", "", "newest `revision` of MCP to ask for (default: the newest that both sides know)")
	flags.BoolVar(&f.server.json, "json", false, "print one JSON document")
	flags.DurationVar(&f.server.timeout, "timeout", time.Minute, "give up when nothing is heard for this `duration`; the time that a person takes does not count")
	flags.BoolVarP(&f.server.quiet, "quiet", "q", false, "say nothing on standard error but errors, and what a login needs")
	f.server.store.register(cmd)
}

// oneURL checks the arguments of a command about the login to one server.
func (f *serverFlags) oneURL() cobra.PositionalArgs {
	return f.unlessConfig(func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 || cmd.ArgsLenAtDash() >= 0 {
			return usage("one server's URL is wanted; usage: %s", cmd.UseLine())
		}
		return nil
	}, cobra.ExactArgs(1))
}

// find returns the URL of the server that is named on the command line.
func (f *accountFlags) find(name string) (string, error) {
	if err := f.server.store.check(); err != nil {
		return "", err
	}
	if f.server.config == "" {
		return name, nil
	}
	c, err := readConfiguration(f.server.config)
	if err != nil {
		return "", err
	}
	named, err := c.server(name)
	if err != nil {
		return "", err
	}
	if named.program != nil {
		return "", usage("the server %q is a program, which nobody logs in to", oneLine(name, 60))
	}
	return named.url, nil
}

// run opens a runtime for f.
func (f *accountFlags) run(cmd *cobra.Command, redact *redactor, run func(context.Context, *opening, *mcp.Implementation) error) error {
	return f.server.withRuntime(cmd, redact, func(ctx context.Context, rt *opening) error {
		options := f.server.connectOptions(http.Header{})
		return run(ctx, rt, options.ClientInfo)
	})
}

// print writes what is known of a login.
func (f *accountFlags) print(w io.Writer, url string, status *host.LoginStatus) error {
	if f.server.json {
		document, err := status.MarshalJSON()
		if err != nil {
			return err
		}
		return printJSON(w, document)
	}
	var b strings.Builder
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-22s%s\n", name, oneLine(value, 400))
		}
	}
	state := "not logged in"
	if status.Authorized {
		state = "logged in"
	}
	row("server", withoutQuery(url))
	row("state", state)
	row("authorization server", status.Issuer)
	row("client", status.ClientID)
	row("subject", status.Subject)
	row("scopes", strings.Join(status.Scopes, " "))
	if !status.Expires.IsZero() {
		row("expires", status.Expires.Format(time.RFC3339))
	}
	if status.Authorized {
		row("renewed by itself", map[bool]string{true: "yes", false: "no"}[status.Renewable])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// withoutQuery is a URL without the part in which keys may be.
func withoutQuery(url string) string {
	before, _, _ := strings.Cut(url, "?")
	return before
}
