// Package x509 stands in for crypto/x509 where keys and certificates never are:
// no key can be parsed.
package x509

import "errors"

var errAbsent = errors.New("x509: not in this build: keys belong to the embedder")

// ParsePKCS8PrivateKey fails.
func ParsePKCS8PrivateKey([]byte) (any, error) { return nil, errAbsent }

// ParsePKCS1PrivateKey fails. Its result is not a key of crypto/rsa, so that
// nothing can be mistaken for one.
func ParsePKCS1PrivateKey([]byte) (any, error) { return nil, errAbsent }
