package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"net/url"
	"os"
	"strings"

	"github.com/remora-mcp/remora/host"
)

// A keptLogin is how a person, or a script, has logged in to a server, so that
// later commands need not be told. It is kept beside the tokens, and as secret.
type keptLogin struct {
	Grant             string   `json:"grant,omitempty"`
	ClientID          string   `json:"clientId,omitempty"`
	ClientSecret      string   `json:"clientSecret,omitempty"`
	ClientMetadataURL string   `json:"clientMetadataUrl,omitempty"`
	Issuer            string   `json:"issuer,omitempty"`
	Scopes            []string `json:"scopes,omitempty"`
	Key               string   `json:"key,omitempty"` // a file's name
	KeyID             string   `json:"keyId,omitempty"`
	Assertion         string   `json:"assertion,omitempty"` // a file's name
	DPoPKey           string   `json:"dpopKey,omitempty"`   // PEM
	// Port is the one on loopback that the person came back to: a client that has
	// registered itself did so with it.
	Port int `json:"port,omitempty"`
}

// loginKey is where a server's login is kept. It does not show which server it is.
func loginKey(server string) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", &host.Error{Code: host.CodeLocalBadURL, Message: "the server's URL cannot be parsed", Sent: host.SentNo}
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	u.Fragment, u.RawFragment = "", ""
	if u.Path == "" {
		u.Path = "/"
	}
	sum := sha256.Sum256([]byte(u.String()))
	return "remora/login/" + hex.EncodeToString(sum[:]), nil
}

// findLogin returns the login that is kept for a server, and in which of the
// stores; nil if there is none.
func findLogin(ctx context.Context, stores []host.Store, server string) (*keptLogin, host.Store, error) {
	key, err := loginKey(server)
	if err != nil {
		return nil, nil, err
	}
	for _, store := range stores {
		value, ok, err := store.Get(ctx, key)
		if err != nil {
			return nil, nil, err
		}
		kept := new(keptLogin)
		if ok && json.Unmarshal([]byte(value), kept) == nil {
			return kept, store, nil
		}
	}
	return nil, nil, nil
}

// keep remembers the login for a server.
func (k *keptLogin) keep(ctx context.Context, store host.Store, server string) error {
	key, err := loginKey(server)
	if err != nil {
		return err
	}
	text, err := json.Marshal(k)
	if err != nil {
		return err
	}
	return store.Set(ctx, key, string(text))
}

// forgetLogin forgets the login for a server.
func forgetLogin(ctx context.Context, store host.Store, server string) error {
	key, err := loginKey(server)
	if err != nil {
		return err
	}
	return store.Delete(ctx, key)
}

// options are those of a session that uses the login. Nobody is asked.
func (k *keptLogin) options(store host.Store) (*host.AuthOptions, error) {
	out := &host.AuthOptions{
		Grant: host.AuthGrant(k.Grant), ClientID: k.ClientID, ClientSecret: k.ClientSecret, ClientMetadataURL: k.ClientMetadataURL,
		Issuer: k.Issuer, Scopes: k.Scopes, KeyID: k.KeyID, Store: store,
	}
	var err error
	if k.Key != "" {
		if out.Key, err = readKey(k.Key); err != nil {
			return nil, err
		}
	}
	if k.DPoPKey != "" {
		if out.DPoPKey, err = host.ParsePrivateKey([]byte(k.DPoPKey)); err != nil {
			return nil, err
		}
	}
	if file := k.Assertion; file != "" {
		out.Assert = func(context.Context, host.AssertRequest) (string, error) { return readSecret(file) }
	}
	return out, nil
}

// maxSecretBytes bounds a file with a key, a secret or a token.
const maxSecretBytes = 64 << 10

// readSecretFile reads a file that has a secret in it.
func readSecretFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readUpTo(f, maxSecretBytes)
}

// readSecret reads a secret that is all that a file holds.
func readSecret(name string) (string, error) {
	text, err := readSecretFile(name)
	if err != nil {
		return "", usage("%v", err)
	}
	secret := string(bytes.TrimSpace(text))
	if secret == "" {
		return "", usage("%s is empty", name)
	}
	return secret, nil
}

// readKey reads a private key in PEM form.
func readKey(name string) (crypto.Signer, error) {
	text, err := readSecretFile(name)
	if err != nil {
		return nil, usage("--key: %v", err)
	}
	key, err := host.ParsePrivateKey(text)
	if err != nil {
		return nil, usage("--key %s: %v", name, err)
	}
	return key, nil
}

// newDPoPKey makes a key that tokens can be bound to, in PEM form.
func newDPoPKey() (string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), nil
}
