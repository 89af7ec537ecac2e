package host

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/remora-mcp/remora/internal/wire"
)

// Options configure a Runtime. The zero value is ready to use.
type Options struct {
	// Wasm is the plugin. Nil selects the one that build.sh put into this
	// package; a program built without it gets CodePluginMissing.
	Wasm []byte

	// CacheDir is the folder for the compiled plugin, which is machine code:
	// remora makes a folder of its own in it that only this user can enter, and
	// refuses one that somebody else could have written to. Empty selects
	// "remora" in os.UserCacheDir. Without a usable folder the plugin is
	// compiled anew by each Open, which takes seconds, and Logger is told.
	CacheDir string

	// Logger hears what no caller is told: an unusable cache folder, a plugin
	// that failed, a listener that could not be registered. Nil discards it.
	Logger *slog.Logger

	// Limits bound what a server can make the plugin hold. Zeros select the
	// defaults.
	Limits Limits

	// Instances is how many instances of the plugin sessions are spread over. One
	// computes on one processor at a time, for all of its sessions; a session stays
	// in one. Further ones are made when they are needed, and take some 5 MB and
	// 20 ms each. Zero selects 1; the most is 1024.
	Instances int

	// MemoryLimitPages bounds the plugin's memory, in pages of 64 KiB. Zero
	// selects 4096 (256 MiB); the most is 65536.
	MemoryLimitPages uint32

	// MemoryRecyclePages is the size, in pages of 64 KiB, above which an
	// instance that has nothing to do is replaced by a fresh one: memory of a
	// WebAssembly instance never shrinks. Its sessions are closed at the server
	// and opened again by their next call. An instance in which a channel or a
	// standing stream is open has something to do as long as that is so: it is
	// not replaced, as its server or its listeners would notice, and only
	// MemoryLimitPages bounds it. Zero selects three quarters of MemoryLimitPages.
	MemoryRecyclePages uint32

	// HardDeadline stops a plugin that computes for so long in one step, which
	// ends all that was in flight with CodePluginDeadline. It has a price: the
	// checks it compiles into the plugin make a small call take about 1.8 times
	// and a result of 1 MB about 7.7 times as long. Zero means no such check;
	// time-outs and cancellation of calls work without it.
	HardDeadline time.Duration

	// HTTP configures the connections to servers.
	HTTP HTTPOptions
}

// Limits bound what a server can make the plugin hold. Zero selects the default
// of each.
type Limits struct {
	// MaxBodyBytes bounds an HTTP answer that is not an event stream, and one
	// result. Default 64 MiB.
	MaxBodyBytes int64
	// MaxEventBytes bounds one server-sent event. Default 16 MiB.
	MaxEventBytes int64
	// MaxDepth bounds the nesting of JSON objects and arrays. Default 1000,
	// which is also the most.
	MaxDepth int
	// MaxCalls bounds the calls in flight in one Runtime. Default 1024.
	MaxCalls int
	// MaxAsks bounds the servers' questions that wait for an answer. Default 64.
	MaxAsks int
}

func (l Limits) wire() wire.Limits { return wire.Limits(l).WithDefaults() }

// HTTPOptions configure the connections to servers. The zero value is ready to
// use: no proxy, the system's resolver and certificate roots, HTTP/2 where the
// server offers it.
//
// There is no cookie jar: Set-Cookie headers are dropped.
type HTTPOptions struct {
	// TLSClientConfig is the TLS configuration, cloned before use. Nil selects
	// the default.
	TLSClientConfig *tls.Config
	// Proxy chooses the proxy of a request, as in http.Transport. Nil means no
	// proxy: the environment is looked at only if this is
	// http.ProxyFromEnvironment. With a proxy it is the proxy that resolves
	// names, so the rule about private addresses then holds only for addresses
	// written as numbers.
	Proxy func(*http.Request) (*url.URL, error)
	// Resolver resolves host names. Nil selects net.DefaultResolver.
	Resolver *net.Resolver
	// DialTimeout bounds the making of one connection. Zero selects 30 seconds.
	DialTimeout time.Duration
}

const (
	defaultMemoryLimitPages = 4096
	maxMemoryPages          = 65536
	maxInstances            = 1024
	defaultDialTimeout      = 30 * time.Second
)

// check returns o with its defaults filled in.
func (o Options) check() (Options, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Instances < 0 || o.Instances > maxInstances {
		return o, failure(CodeLocalBadArgument, "Options.Instances is %d; 0 to %d is possible", o.Instances, maxInstances)
	}
	if o.Instances == 0 {
		o.Instances = 1
	}
	if o.MemoryLimitPages == 0 {
		o.MemoryLimitPages = defaultMemoryLimitPages
	}
	if o.MemoryLimitPages > maxMemoryPages {
		return o, failure(CodeLocalBadArgument, "Options.MemoryLimitPages is %d, the most is %d", o.MemoryLimitPages, maxMemoryPages)
	}
	if o.MemoryRecyclePages == 0 {
		o.MemoryRecyclePages = o.MemoryLimitPages / 4 * 3
	}
	if o.HardDeadline < 0 {
		return o, failure(CodeLocalBadArgument, "Options.HardDeadline is negative")
	}
	if o.HTTP.DialTimeout < 0 {
		return o, failure(CodeLocalBadArgument, "Options.HTTP.DialTimeout is negative")
	}
	if o.HTTP.DialTimeout == 0 {
		o.HTTP.DialTimeout = defaultDialTimeout
	}
	return o, nil
}
