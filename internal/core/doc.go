// Package core is the client: sessions on the go-sdk, driven by frames.
//
// It is given an outbox and a clock (package port), takes batches of frames
// (package wire) by Receive and puts what it has to say into the outbox. It
// never opens a socket: HTTP requests are frames too (http.go). Inside it is
// ordinary blocking Go with contexts; between the SDK and the network stands
// package exchange.
//
// Without frames, Once makes one request over any port.HTTP (once.go).
//
// A command is one row in wire.Commands, one entry in the table of commands.go
// and one file named after its subject (connect.go, tools.go, ...).
package core
