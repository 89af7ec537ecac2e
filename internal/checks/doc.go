// Package checks holds what the compiler cannot: which room may import which,
// what no room may do, and that documents name files that exist. All of it is in
// the package's tests; `make check` runs them.
package checks
