// Package rsa stands in for crypto/rsa where keys never are: it has the name of
// a key, and nothing that makes or uses one.
package rsa

// PrivateKey is never made.
type PrivateKey struct{ _ [0]func() }
