// Package kit is what the tests of this folder share: finding the tree and what
// npm installed, building programs into dist/test, and running child processes
// that never outlive their parent.
package kit
