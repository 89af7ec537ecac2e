// Command probe calls what internal/lean takes away and says what comes of it.
// Its test runs it natively, where everything has to be there, and in wasm with
// the overlay, where each call has to fail.
//
//	probe ADDRESS KEY    the host and port of an HTTP server; an RSA key, PKCS #8 in base64
//
// It prints one line of JSON: the outcome of each call, "ok" or the error.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: probe ADDRESS KEY")
		os.Exit(2)
	}
	key, err := base64.StdEncoding.DecodeString(os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	outcomes := map[string]string{}
	note := func(name string, err error) {
		outcomes[name] = "ok"
		if err != nil {
			outcomes[name] = err.Error()
		}
	}
	for name, call := range calls(os.Args[1], key) {
		note(name, call(context.Background()))
	}
	for method, params := range serverRequests {
		note("mcp.Server "+method, askServer(context.Background(), method, params))
	}
	text, err := json.Marshal(outcomes)
	if err != nil {
		panic(err) // a map of strings
	}
	fmt.Println(string(text))
}

func calls(address string, key []byte) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"jsonschema.Resolve": func(context.Context) error {
			_, err := new(jsonschema.Schema).Resolve(nil)
			return err
		},
		"jsonschema.Validate": func(context.Context) error {
			resolved, err := new(jsonschema.Schema).Resolve(nil)
			if err != nil {
				resolved = new(jsonschema.Resolved)
			}
			return errors.Join(err, resolved.Validate(nil))
		},
		"jsonschema.ApplyDefaults": func(context.Context) error {
			resolved, err := new(jsonschema.Schema).Resolve(nil)
			if err != nil {
				resolved = new(jsonschema.Resolved)
			}
			return errors.Join(err, resolved.ApplyDefaults(&map[string]any{}))
		},
		"jsonschema.CloneSchemas": func(context.Context) (err error) {
			defer func() {
				if said := recover(); said != nil {
					err = fmt.Errorf("%v", said)
				}
			}()
			new(jsonschema.Schema).CloneSchemas()
			return nil
		},
		"jsonrpc.DecodeMessage": decodeMessages,
		"mcp.Client's headers":  clientHeaders,
		"slog.Default": func(ctx context.Context) error {
			return slog.Default().Handler().WithGroup("x").WithAttrs(nil).Handle(ctx, slog.Record{Message: "x"})
		},
		"http.Transport": func(ctx context.Context) error {
			return request(ctx, http.DefaultTransport, "http://"+address)
		},
		"http.Transport with a body": func(ctx context.Context) error {
			body := &closer{Reader: strings.NewReader("x")}
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address, body)
			if err != nil {
				return err
			}
			response, err := http.DefaultTransport.RoundTrip(r)
			if err == nil {
				response.Body.Close()
			}
			if !body.closed {
				return errors.New("the request's body was not closed")
			}
			return err
		},
		"http.ProxyFromEnvironment": func(context.Context) error {
			_, err := http.ProxyFromEnvironment(&http.Request{URL: &url.URL{Scheme: "http", Host: address}})
			return err
		},
		"net.Dialer": func(ctx context.Context) error {
			conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
			if err == nil {
				conn.Close()
			}
			return err
		},
		"net.Resolver.LookupIPAddr": func(ctx context.Context) error {
			_, err := net.DefaultResolver.LookupIPAddr(ctx, "localhost")
			return err
		},
		"net.Resolver.LookupNetIP": func(ctx context.Context) error {
			_, err := net.DefaultResolver.LookupNetIP(ctx, "ip", "localhost")
			return err
		},
		"net.LookupPort": func(context.Context) error {
			return equal(net.LookupPort("tcp", "https"))(443)
		},
		"tls.Client": func(ctx context.Context) error {
			mine, theirs := net.Pipe()
			theirs.Close()
			conn := tls.Client(mine, &tls.Config{ServerName: "localhost"})
			err := conn.HandshakeContext(ctx)
			if _, write := mine.Write([]byte("x")); write == nil {
				return errors.New("the connection is still open")
			}
			return err
		},
		"tls.LoadX509KeyPair": func(context.Context) error {
			_, err := tls.LoadX509KeyPair("none.crt", "none.key")
			return err
		},
		"x509.ParsePKCS8PrivateKey": func(context.Context) error {
			_, err := x509.ParsePKCS8PrivateKey(key)
			return err
		},
		"x509.ParsePKCS1PrivateKey": func(context.Context) error {
			_, err := x509.ParsePKCS1PrivateKey(key)
			return err
		},
		"gob.Encoder": func(context.Context) error {
			return gob.NewEncoder(io.Discard).Encode("x")
		},
		"gob.Decoder": func(context.Context) error {
			var s string
			return gob.NewDecoder(bytes.NewReader([]byte{4, 12, 0, 1, 'x'})).Decode(&s)
		},
		"redirect between two forms of one host": redirect,
		"mime.TypeByExtension": func(context.Context) error {
			return equal(mime.TypeByExtension(".json"), nil)("application/json")
		},
		"rand.Read": func(context.Context) error {
			a, b := make([]byte, 32), make([]byte, 32)
			rand.Read(a)
			if _, err := io.ReadFull(rand.Reader, b); err != nil {
				return err
			}
			if bytes.Equal(a, b) || bytes.Equal(a, make([]byte, 32)) {
				return errors.New("not random")
			}
			return nil
		},
		"sha256": func(context.Context) error {
			sum := sha256.Sum256([]byte("abc"))
			return equal(hex.EncodeToString(sum[:]), nil)("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
		},
	}
}

func request(ctx context.Context, via http.RoundTripper, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer x")
	response, err := (&http.Client{Transport: via}).Do(r)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// redirect follows one from a host's Unicode form to its ASCII form, which only
// the mapping between them shows to be the same host.
func redirect(ctx context.Context) error {
	var credential string
	err := request(ctx, roundTripper(func(r *http.Request) *http.Response {
		if r.URL.Host == "b\u00fccher.example" {
			return &http.Response{
				StatusCode: http.StatusFound,
				Header:     http.Header{"Location": {"http://xn--bcher-kva.example/"}},
				Body:       http.NoBody,
				Request:    r,
			}
		}
		credential = r.Header.Get("Authorization")
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}
	}), "http://b\u00fccher.example/")
	if err == nil && credential == "" {
		return errors.New("the credential did not follow: the mapping is not in this build")
	}
	return err
}

// decodeMessages decodes messages of JSON-RPC, some of which cannot be.
func decodeMessages(context.Context) error {
	for message, want := range map[string]string{
		` {"jsonrpc":"2.0","id":7,"result":{"n":12345678901234567890,"a":[1, {"b":"\u00fc"}]}} `:          `{"n":12345678901234567890,"a":[1, {"b":"\u00fc"}]}`,
		`{"jsonrpc":"2.0","id":"x","Result":1,"result":null,"more":{}}`:                                   `null`,
		`{"jsonrpc":"2.0","id":7,"result":1}{"jsonrpc"`:                                                   `1`,
		`{"jsonrpc":"2.0","id":7,"result":` + strings.Repeat("[", 999) + strings.Repeat("]", 999) + `}`:   strings.Repeat("[", 999) + strings.Repeat("]", 999),
		`{"jsonrpc":"2.0","id":7,"result":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`: "error",
		`{"jsonrpc":"2.0","id":7,"result":{"a":}}`:                                                        "error",
		`{"jsonrpc":"2.0","id":7,"result":{"a":1}`:                                                        "error",
		`{"jsonrpc":"2.0","id":{},"result":1}`:                                                            "error",
		`[]`:                                                                                              "error",
		``:                                                                                                "error",
	} {
		got := "error"
		if decoded, err := jsonrpc.DecodeMessage([]byte(message)); err == nil {
			got = string(decoded.(*jsonrpc.Response).Result)
		}
		if got != want {
			return fmt.Errorf("%.50s: got %.50s", message, got)
		}
	}
	return nil
}

type roundTripper func(*http.Request) *http.Response

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

type closer struct {
	io.Reader
	closed bool
}

func (c *closer) Close() error {
	c.closed = true
	return nil
}

// equal compares a result with what is wanted.
func equal[T comparable](got T, err error) func(want T) error {
	return func(want T) error {
		if err == nil && got != want {
			return fmt.Errorf("got %v, want %v", got, want)
		}
		return err
	}
}
