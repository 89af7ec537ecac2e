// Command lean makes the guests small.
//
//	go run ./internal/lean overlay DIR     writes DIR/overlay.json and what it names, for go build -overlay
//	go run ./internal/lean segments FILE   joins the data segments of a wasm module, in place
//	go run ./internal/lean strip FILE      takes the tables away that only traces use, in place
//	go run ./internal/lean lines FILE [TRACE...]
//	    prints traces of a stripped module with the lines of FILE, the same module before strip
//
// A guest is sans-IO: it asks its embedder for every request, so whole parts of
// the standard library that the go-sdk links can never run there. The linker
// cannot know that. overlay says it to the compiler, in two ways: a cut replaces
// the body of one function, a stand-in replaces all files of one package. Both
// are read from the toolchain in use, so no source of the standard library is
// checked in, and both fail closed: what has been cut returns an error or
// panics, and never pretends to have done something. Some cuts are there for speed,
// and do what upstream does: decoding in the go-sdk, atomic operations that are
// inlined, goroutines that begin with enough stack.
//
// A cut that matches nothing, or a stand-in whose package is gone, is an error;
// a signature that changed does not compile. The toolchain itself is pinned by
// go.mod. Only build.sh uses the overlay, and only for the guests: a native
// build never sees it.
package main
