package main

// A cut replaces the body of one function or method of the standard library, or
// lets the compiler inline it. The signature stays upstream's, so the body does not
// compile any more when it changes.
type cut struct {
	file   string // below GOROOT/src
	fn     string // "name" or "(*Type).name"
	body   string // statements, on one line
	inline bool   // instead of body: upstream's go:noinline is taken away
	uses   string // the import that the body adds, if any
	why    string // why no guest can miss it
}

// inlined are the cuts that let functions of one file be inlined.
func inlined(file, why string, fns ...string) []cut {
	var all []cut
	for _, fn := range fns {
		all = append(all, cut{file: file, fn: fn, inline: true, why: why})
	}
	return all
}

const (
	whyHTTP   = "the core gives every HTTP client a RoundTripper of its own, which asks the embedder; net/http's would open connections, which a guest cannot"
	whyNet    = "a guest has no network: on both platforms upstream only simulates one inside of the process"
	whyLog    = "the go-sdk logs to a handler that discards unless it is given another, and nothing else in a guest logs"
	whyBisect = "it looks for the change of behaviour that GODEBUG names by bisection of a program's stacks; a guest gets no GODEBUG"
	whyFIPS   = "FIPS 140 mode does not exist on wasm (fips140.Supported says so), and the module's self-tests and generator run in no other mode"
)

const (
	noTransport = `if req.Body != nil { req.Body.Close() }; return nil, errors.New("net/http: Transport is not in this build: requests are made by the embedder")`
	noFIPS      = `if fips140.Enabled { panic("crypto: FIPS 140 mode is not in this build") }`
)

// cuts are all of them, by package.
var cuts = append(atomics, []cut{
	{
		file: "net/http/roundtrip.go", fn: "(*Transport).RoundTrip", uses: "errors",
		body: noTransport,
		why:  whyHTTP,
	},
	{
		file: "net/http/roundtrip_js.go", fn: "(*Transport).RoundTrip", uses: "errors",
		body: noTransport,
		why:  whyHTTP,
	},
	{
		file: "net/http/transport.go", fn: "ProxyFromEnvironment", uses: "errors",
		body: `return nil, errors.New("net/http: ProxyFromEnvironment is not in this build: proxies are the embedder's")`,
		why:  "only Transport asks for a proxy, and the embedder makes the connections",
	},
	{
		file: "net/http/request.go", fn: "idnaASCII", uses: "errors",
		body: `if ascii.Is(v) { return v, nil }; return "", errors.New("net/http: internationalized host names are not in this build")`,
		why:  "the embedder resolves names; here it only compares hosts when a redirect is followed, and a name without its ASCII form equals no other, so no header follows it there",
	},
	{
		file: "net/dial.go", fn: "(*Dialer).DialContext", uses: "errors",
		body: `return nil, &OpError{Op: "dial", Net: network, Err: errors.New("sockets are not in this build")}`,
		why:  whyNet,
	},
	{
		file: "net/lookup.go", fn: "(*Resolver).LookupIPAddr", uses: "errors",
		body: `return nil, &DNSError{Err: "name resolution is not in this build", Name: host}`,
		why:  whyNet,
	},
	{
		file: "net/lookup.go", fn: "(*Resolver).LookupNetIP", uses: "errors",
		body: `return nil, &DNSError{Err: "name resolution is not in this build", Name: host}`,
		why:  whyNet,
	},
	{
		file: "net/parse.go", fn: "open", uses: "errors",
		body: `return nil, errors.New("net: system files are not in this build")`,
		why:  "it reads /etc/hosts, /etc/services and their like; a guest has no file system, and upstream falls back to its own tables",
	},
	{
		file: "mime/type_unix.go", fn: "initMimeUnix",
		body: ``,
		why:  "it adds the system's file extensions to the built-in ones; a guest has no file system, so it never found any",
	},
	{
		file: "log/slog/handler.go", fn: "(*defaultHandler).Handle", uses: "errors",
		body: `return errors.New("log/slog: the default logger is not in this build")`,
		why:  whyLog,
	},
	{file: "log/slog/handler.go", fn: "(*defaultHandler).WithAttrs", body: `return h`, why: whyLog},
	{file: "log/slog/handler.go", fn: "(*defaultHandler).WithGroup", body: `return h`, why: whyLog},
	{
		file: "internal/bisect/bisect.go", fn: "New", uses: "errors",
		body: `return nil, errors.New("bisect is not in this build")`,
		why:  whyBisect,
	},
	{file: "internal/bisect/bisect.go", fn: "(*Matcher).Stack", body: `return true`, why: whyBisect},
	{
		file: "crypto/internal/fips140/check/check.go", fn: "init",
		body: noFIPS,
		why:  whyFIPS,
	},
	{
		file: "crypto/internal/fips140/drbg/rand.go", fn: "Read",
		body: noFIPS + `; sysrand.Read(b)`,
		why:  whyFIPS + "; outside of it upstream reads the same system source",
	},
	{file: "crypto/internal/fips140/drbg/cast.go", fn: "init", body: noFIPS, why: whyFIPS},
	{file: "crypto/internal/fips140/sha256/cast.go", fn: "init", body: noFIPS, why: whyFIPS},
	{file: "crypto/internal/fips140/sha512/cast.go", fn: "init", body: noFIPS, why: whyFIPS},
	{file: "crypto/internal/fips140/sha3/cast.go", fn: "init", body: noFIPS, why: whyFIPS},
	{file: "crypto/internal/fips140/hmac/cast.go", fn: "init", body: noFIPS, why: whyFIPS},
	{file: "crypto/internal/fips140/aes/cast.go", fn: "init", body: noFIPS, why: whyFIPS},
	{file: "crypto/internal/fips140/aes/gcm/cast.go", fn: "init", body: noFIPS, why: whyFIPS},
	{
		file: "runtime/stack.go", fn: "gcComputeStartingStackSize",
		body: `startingStackSize = 16384`,
		why:  "for speed: upstream begins a goroutine's stack with the average size, which those that wait make small, and each call copied a stack that grows three times",
	},
}...)

// atomics are what WebAssembly without threads has for atomic operations: plain
// loads and stores. Those that could store a pointer are not among them: inlined,
// they would ask for a write barrier where the runtime allows none.
var atomics = inlined("internal/runtime/atomic/atomic_wasm.go",
	"for speed and size: each is one or two instructions, and nothing runs in parallel",
	"Load", "Loadp", "LoadAcq", "LoadAcq64", "LoadAcquintptr", "Load8", "Load64", "Loaduintptr", "Loaduint", "Loadint32", "Loadint64",
	"Store", "StoreRel", "StoreRel64", "StoreReluintptr", "Store8", "Store64", "Storeint32", "Storeint64",
	"Xadd", "Xadd64", "Xadduintptr", "Xaddint32", "Xaddint64", "Xchg", "Xchg64", "Xchgint32", "Xchgint64",
	"And", "And8", "Or", "Or8", "Cas", "Cas64", "Casint32", "Casint64",
)

// A standin replaces all files of one package by the one that internal/lean has
// for it. It declares what the guests' other packages mention, and no more: a
// new use does not compile.
type standin struct {
	pkg  string // import path
	from string // folder below internal/lean/standin
	why  string // why no guest can miss it
}

var standins = []standin{
	{
		pkg: "crypto/tls", from: "tls",
		why: "TLS is spoken by the embedder, which makes the connections; net/http only mentions the types",
	},
	{
		pkg: "encoding/gob", from: "gob",
		why: "the go-sdk encodes list cursors with it, in its server only",
	},
	{
		pkg: "crypto/x509", from: "x509",
		why: "certificates are the embedder's; besides TLS, golang.org/x/oauth2 parses an RSA key with it, and keys never enter a guest",
	},
	{
		pkg: "crypto/rsa", from: "rsa",
		why: "as crypto/x509: signing with a private key is asked of the embedder",
	},
}
