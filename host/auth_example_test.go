package host_test

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/cmd/remora/demoserver"
	"github.com/remora-mcp/remora/cmd/remora/demoserver/authserver"
	"github.com/remora-mcp/remora/host"
)

// protectedServer starts an MCP server that wants a token.
func protectedServer() *demoserver.Server {
	server, err := demoserver.StartAuth("127.0.0.1:0", "1.0.0", demoserver.AuthOptions{})
	if err != nil {
		log.Fatal(err)
	}
	return server
}

// somebody is a browser with a person who allows what is asked for.
func somebody(page string) error {
	back, err := authserver.Visit(context.Background(), page, "allow")
	if err != nil {
		return err
	}
	resp, err := http.Get(back)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// The person logs in with the browser of this machine. Without Open it is the
// system's.
func ExampleLoopbackAuthorizer() {
	server := protectedServer()
	defer server.Close()
	ctx := context.Background()
	rt, err := host.Open(ctx, host.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close(ctx)

	login, err := host.NewLoopbackAuthorizer(&host.LoopbackOptions{Open: somebody})
	if err != nil {
		log.Fatal(err)
	}
	defer login.Close()
	s, err := rt.Connect(ctx, server.URL(), &host.ConnectOptions{
		Auth: &host.AuthOptions{Authorize: login.Authorize, RedirectURL: login.RedirectURL()},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	res, err := s.CallTool(ctx, &mcp.CallToolParams{Name: "add", Arguments: map[string]any{"a": 2, "b": 3}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(text(res))
	// Output: 5
}

// The person has a browser somewhere else, and pastes the address from there.
func ExamplePasteAuthorizer() {
	login := host.NewPasteAuthorizer(strings.NewReader("http://127.0.0.1/callback?code=abc&state=xyz\n"), os.Stdout)
	back, err := login.Authorize(context.Background(), host.AuthorizeRequest{
		URL: "https://auth.example/authorize?state=xyz", RedirectURL: host.PasteRedirectURL, Issuer: "https://auth.example",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(back)
	// Output:
	// Open this page in a browser to log in:
	//
	//   https://auth.example/authorize?state=xyz
	//
	// Then paste the address that you have come back to, which begins with http://127.0.0.1/callback:
	// http://127.0.0.1/callback?code=abc&state=xyz
}

// A login is kept in a file, which sessions of this and other programs use.
func ExampleRuntime_Login() {
	server := protectedServer()
	defer server.Close()
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	ctx := context.Background()
	rt, err := host.Open(ctx, host.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close(ctx)

	store, err := host.NewFileStore(filepath.Join(folder, "logins.json"))
	if err != nil {
		log.Fatal(err)
	}
	browser, err := host.NewLoopbackAuthorizer(&host.LoopbackOptions{Open: somebody})
	if err != nil {
		log.Fatal(err)
	}
	defer browser.Close()
	status, err := rt.Login(ctx, server.URL(), &host.LoginOptions{ConnectOptions: host.ConnectOptions{
		Auth: &host.AuthOptions{Authorize: browser.Authorize, RedirectURL: browser.RedirectURL(), Store: store},
	}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("logged in:", status.Authorized, status.Scopes)

	kept := &host.ConnectOptions{Auth: &host.AuthOptions{Store: store}}
	s, err := rt.Connect(ctx, server.URL(), kept)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	if status, err = rt.Whoami(ctx, server.URL(), kept); err != nil {
		log.Fatal(err)
	}
	fmt.Println("renewable:", status.Renewable)
	if status, err = rt.Logout(ctx, server.URL(), kept); err != nil {
		log.Fatal(err)
	}
	fmt.Println("logged in:", status.Authorized, "revoked:", status.Revoked)
	// Output:
	// logged in: true [rows:read offline_access]
	// renewable: true
	// logged in: false revoked: true
}

// A program stands for itself, with a secret.
func ExampleAuthOptions_clientCredentials() {
	server := protectedServer()
	defer server.Close()
	ctx := context.Background()
	rt, err := host.Open(ctx, host.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close(ctx)
	s, err := rt.Connect(ctx, server.URL(), &host.ConnectOptions{Auth: &host.AuthOptions{
		Grant:        host.GrantClientCredentials,
		ClientID:     demoserver.MachineClient,
		ClientSecret: demoserver.MachineSecret,
	}})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	fmt.Println(s.InitializeResult().ServerInfo.Name)
	// Output: remora-demo-server
}

// A server that wants credentials, and what it says of them.
func ExampleAsChallenge() {
	server := protectedServer()
	defer server.Close()
	ctx := context.Background()
	rt, err := host.Open(ctx, host.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close(ctx)
	_, err = rt.Connect(ctx, server.URL(), nil)
	if challenge, ok := host.AsChallenge(err); ok && errors.Is(err, &host.Error{Code: host.CodeAuthRequired}) {
		fmt.Println(challenge.Scheme, challenge.Scopes)
	}
	// Output: bearer [rows:read]
}

// The key of a client stays in the program, or in its hardware.
func ExampleParsePrivateKey() {
	key, err := host.ParsePrivateKey([]byte(`-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
`))
	if err != nil {
		log.Fatal(err)
	}
	options := host.AuthOptions{Grant: host.GrantClientCredentials, ClientID: "ci", Key: key, KeyID: "2026-11"}
	public, ok := options.Key.Public().(interface{ Equal(crypto.PublicKey) bool })
	fmt.Println(options, ok && public.Equal(key.Public()))
	// Output: AuthOptions(client_credentials) true
}
