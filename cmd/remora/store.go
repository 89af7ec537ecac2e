package main

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/zalando/go-keyring"

	"github.com/remora-mcp/remora/host"
)

// The kinds of stores that --store names.
const (
	storeFile    = "file"
	storeKeyring = "keyring"
	storeMemory  = "memory"
)

var storeKinds = []string{storeFile, storeKeyring, storeMemory}

// storeFlags say where logins are kept.
type storeFlags struct {
	kind string // one of storeKinds; empty for the keyring, or a file where there is none
}

func (f *storeFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.kind, "store", "", "where logins are kept: `"+strings.Join(storeKinds, "|")+"` (default: keyring, or file where there is no keyring)")
	_ = cmd.RegisterFlagCompletionFunc("store", cobra.FixedCompletions(storeKinds, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
}

func (f *storeFlags) check() error {
	if f.kind != "" && !slices.Contains(storeKinds, f.kind) {
		return usage("--store is one of %s", strings.Join(storeKinds, ", "))
	}
	return nil
}

// credentialFiles are where logins are kept: as they are, and encrypted with a
// key that is in the system's keyring.
func credentialFiles() (plain, sealed string, err error) {
	folder, err := os.UserConfigDir()
	if err != nil {
		return "", "", fmt.Errorf("there is no folder to keep logins in: %w", err)
	}
	folder = filepath.Join(folder, "remora")
	return filepath.Join(folder, "credentials.json"), filepath.Join(folder, "credentials.sealed.json"), nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// existing returns the stores that there are already, the keyring's first. Without
// one, nothing is made and the keyring is left alone. A keyring that cannot be
// used is told to say, unless it was asked for by name.
func (f *storeFlags) existing(ctx context.Context, say func(string)) ([]host.Store, error) {
	plain, sealed, err := credentialFiles()
	if err != nil || f.kind == storeMemory {
		return nil, nil // without a folder nothing can have been kept
	}
	var stores []host.Store
	if f.kind != storeFile && exists(sealed) {
		s, err := openSealed(ctx, sealed)
		switch {
		case err == nil:
			stores = append(stores, s)
		case f.kind == storeKeyring:
			return nil, err
		default:
			say("logins that are kept with the keyring are left out: " + plainly(err))
		}
	}
	if f.kind != storeKeyring && exists(plain) {
		s, err := host.NewFileStore(plain)
		if err != nil {
			return nil, err
		}
		stores = append(stores, s)
	}
	return stores, nil
}

// open returns the store for a new login. Where there is no keyring, that is said
// the first time.
func (f *storeFlags) open(ctx context.Context, say func(string)) (host.Store, error) {
	if f.kind == storeMemory {
		return host.NewMemoryStore(), nil
	}
	plain, sealed, err := credentialFiles()
	if err != nil {
		return nil, err
	}
	if f.kind != storeFile {
		s, err := openSealed(ctx, sealed)
		if err == nil {
			return s, nil
		}
		if f.kind == storeKeyring || ctx.Err() != nil {
			return nil, err
		}
		if !exists(plain) {
			say(fmt.Sprintf("%s; logins are kept in %s, which nobody else can read", plainly(err), plain))
		}
	}
	return host.NewFileStore(plain)
}

// plainly is an error's message without its code.
func plainly(err error) string {
	var e *host.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}

// The entry of the keyring.
const (
	keyringService = "remora"
	keyringUser    = "key of credentials.sealed.json"
)

// A sealedStore is a store whose values are encrypted with a key that is in the
// system's keyring, since keyrings do not take values of every size (Windows 2,560
// bytes). An entry cannot be moved to another key of the store.
type sealedStore struct {
	inner host.Store
	aead  cipher.AEAD
}

// openSealed opens the store in a file whose key is in the system's keyring, and
// makes that key if there is none. The system may ask the person for the keyring's
// password meanwhile; the end of ctx ends only the wait.
func openSealed(ctx context.Context, path string) (*sealedStore, error) {
	type result struct {
		key []byte
		err error
	}
	got := make(chan result, 1)
	go func() {
		key, err := keyringKey(exists(path))
		got <- result{key, err}
	}()
	select {
	case r := <-got:
		if r.err != nil {
			return nil, r.err
		}
		inner, err := host.NewFileStore(path)
		if err != nil {
			return nil, err
		}
		return newSealed(inner, r.key)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func newSealed(inner host.Store, key []byte) (*sealedStore, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, noKeyring("its key is not one of remora's")
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &sealedStore{inner, aead}, nil
}

func noKeyring(why string) error {
	return &host.Error{Code: host.CodeLocalUnsupported, Message: "the system's keyring cannot be used: " + why, Sent: host.SentNo}
}

// keyringKey returns the key that is in the keyring. Without one it makes one,
// unless there is something that it would have to open.
func keyringKey(used bool) ([]byte, error) {
	for range 2 {
		text, err := keyring.Get(keyringService, keyringUser)
		if err == nil {
			key, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				return nil, noKeyring("its key is not one of remora's")
			}
			return key, nil
		}
		if !errors.Is(err, keyring.ErrNotFound) {
			return nil, noKeyring(oneLine(err.Error(), 200))
		}
		if used {
			return nil, noKeyring("the key is not in it any more; log in anew with --store file, or delete credentials.sealed.json")
		}
		key := make([]byte, 32)
		_, _ = rand.Read(key) // never fails
		if err := keyring.Set(keyringService, keyringUser, base64.StdEncoding.EncodeToString(key)); err != nil {
			return nil, noKeyring(oneLine(err.Error(), 200))
		}
		// What is there now counts: another process may have made one too.
	}
	return nil, noKeyring("it does not keep what is put into it")
}

func (s *sealedStore) String() string { return "a store whose key is in the system's keyring" }

func (s *sealedStore) seal(key, value string) string {
	return base64.StdEncoding.EncodeToString(s.aead.Seal(nil, nil, []byte(value), []byte(key)))
}

func (s *sealedStore) unseal(key, sealed string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if err == nil {
		raw, err = s.aead.Open(nil, nil, raw, []byte(key))
	}
	if err != nil {
		return "", noKeyring("what is kept was encrypted with another key")
	}
	return string(raw), nil
}

// get returns the value of key, and how it is kept.
func (s *sealedStore) get(ctx context.Context, key string) (value, sealed *string, err error) {
	raw, ok, err := s.inner.Get(ctx, key)
	if err != nil || !ok {
		return nil, nil, err
	}
	text, err := s.unseal(key, raw)
	return &text, &raw, err
}

// Get implements host.Store.
func (s *sealedStore) Get(ctx context.Context, key string) (string, bool, error) {
	value, _, err := s.get(ctx, key)
	if err != nil || value == nil {
		return "", false, err
	}
	return *value, true, nil
}

// Set implements host.Store.
func (s *sealedStore) Set(ctx context.Context, key, value string) error {
	return s.inner.Set(ctx, key, s.seal(key, value))
}

// Swap implements host.Store.
func (s *sealedStore) Swap(ctx context.Context, key string, was, value *string) (bool, error) {
	var next *string
	if value != nil {
		sealed := s.seal(key, *value)
		next = &sealed
	}
	for {
		is, sealed, err := s.get(ctx, key)
		if err != nil {
			return false, err
		}
		if (is == nil) != (was == nil) || is != nil && *is != *was {
			return false, nil
		}
		if swapped, err := s.inner.Swap(ctx, key, sealed, next); err != nil || swapped {
			return swapped, err
		}
		// It was changed meanwhile, perhaps to the same value.
	}
}

// Delete implements host.Store.
func (s *sealedStore) Delete(ctx context.Context, key string) error { return s.inner.Delete(ctx, key) }

// sayTo writes notes of this program, unless it is to be quiet.
func (f *serverFlags) sayTo(w io.Writer) func(string) {
	return func(text string) {
		if !f.quiet {
			fmt.Fprintln(w, "remora:", harmless(text))
		}
	}
}
