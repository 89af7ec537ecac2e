// Package wire is the one vocabulary that crosses the boundary between the
// client core (compiled to WebAssembly) and its embedder (JavaScript, Go, or
// any program that drives the plugin's step export).
//
// It is a leaf: it imports nothing of remora and performs no I/O. The frame
// codec is in frame.go, the kinds of frames in kinds.go, the header of each
// kind in headers.go, and one file per subject holds that subject's commands,
// asks and tells (connect.go, tools.go, asks.go, tells.go). The tables in
// registry.go list them all; internal/wiregen turns those tables into the
// TypeScript types, the JSON Schema and docs/wire.md.
//
// The names and numbers here are what other people build on: changing one is a
// breaking change and asks for a new ABI major.
package wire
