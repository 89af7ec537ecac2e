// Package oauth gets access tokens and puts them on the requests of a session
// (specification 2025-11-25 and 2026-07-28, basic/authorization).
//
// A Client stands between the exchange and the network, as a port.HTTP:
//
//   - A request to the server's own origin carries the token that was issued for
//     that server (client.go), and a proof of possession where the token is bound
//     to a key (prove.go).
//   - A challenge (401, or 403 for a scope) starts a flight, which brings a token;
//     the request is then sent once more, because it has not been executed. There
//     is one flight at a time, however many requests wait for it (flight.go).
//   - A token that is about to expire is renewed before it is used (refresh.go).
//   - Who issues tokens is found in the metadata of the server and of the
//     authorization server (discover.go); a client that is not registered there
//     registers itself (register.go).
//   - The grants are in login.go (a person is asked) and grants.go (nobody is).
//   - What is known is kept in the application's store, where others may be at
//     work too (store.go).
//
// It asks for everything: the network, the store, a signature, a person. It holds
// no private key.
package oauth
