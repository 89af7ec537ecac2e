package main

import (
	"context"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"

	"github.com/remora-mcp/remora/host"
)

func newLogout() *cobra.Command {
	var flags accountFlags
	cmd := &cobra.Command{
		Use:   "logout {URL | --config FILE SERVER}",
		Short: "Forget the login to a server",
		Long: `Forget the login to the MCP server at URL, and have the authorization server
revoke the token where it can do that. Without a network it is forgotten all the
same. With --json: an object with the member revoked, if that was done.

` + exitHelp,
		Example: `  remora logout https://example.com/mcp`,
		Args:    flags.server.oneURL(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return flags.with(cmd, args[0], func(ctx context.Context, rt *opening, a account) error {
				status, err := rt.Logout(ctx, a.url, a.options)
				if err != nil {
					return err
				}
				if err := forgetLogin(ctx, a.options.Auth.Store, a.url); err != nil {
					return err
				}
				say := flags.server.sayTo(cmd.ErrOrStderr())
				if !status.Revoked {
					say("the token is forgotten; the authorization server has not confirmed that it is revoked")
				}
				return flags.print(cmd.OutOrStdout(), a.url, status)
			})
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags.register(cmd)
	return cmd
}

func newWhoami() *cobra.Command {
	var flags accountFlags
	cmd := &cobra.Command{
		Use:   "whoami {URL | --config FILE SERVER}",
		Short: "Say as whom you are logged in to a server",
		Long: `Say what is known of the login to the MCP server at URL: the authorization
server, the client, the subject, the scopes, and when the token expires. Nobody is
asked, and no secret is printed. Without a login the exit status is 5. With
--json: an object (LoginStatus in docs/wire.md).

` + exitHelp,
		Example: `  remora whoami https://example.com/mcp
  remora whoami --json https://example.com/mcp | jq -r '.scopes[]'`,
		Args: flags.server.oneURL(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return flags.with(cmd, args[0], func(ctx context.Context, rt *opening, a account) error {
				status, err := rt.Whoami(ctx, a.url, a.options)
				if err != nil {
					return err
				}
				if err := flags.print(cmd.OutOrStdout(), a.url, status); err != nil || status.Authorized {
					return err
				}
				return notLoggedIn(a.url)
			})
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags.register(cmd)
	return cmd
}

// An account is a server with the login that is kept for it.
type account struct {
	url     string
	options *host.ConnectOptions
}

// with runs f with the login that is kept for a server. Without one it prints that
// there is none.
func (f *accountFlags) with(cmd *cobra.Command, name string, run func(context.Context, *opening, account) error) error {
	url, err := f.find(name)
	if err != nil {
		return err
	}
	auth, err := f.server.keptAuth(cmd, url, nil)
	if err != nil {
		return err
	}
	if auth == nil {
		if err := f.print(cmd.OutOrStdout(), url, new(host.LoginStatus)); err != nil {
			return err
		}
		return notLoggedIn(url)
	}
	redact := newRedactor([]string{auth.ClientSecret})
	return f.run(cmd, redact, func(ctx context.Context, rt *opening, client *mcp.Implementation) error {
		return run(ctx, rt, account{url, &host.ConnectOptions{ClientInfo: client, Auth: auth, ProtocolVersion: f.server.protocol}})
	})
}

func notLoggedIn(url string) error {
	e := &host.Error{Code: host.CodeAuthRequired, Message: "there is no login for this server", Sent: host.SentNo}
	return wantsLogin(e, url)
}
