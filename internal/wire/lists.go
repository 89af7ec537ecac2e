package wire

// The cache modes. What a server of 2026-07-28 says may be kept for a while
// (ttlMs, server/utilities/caching) is kept by the core for so long, at most a
// day, and until the server says that it has changed. A request with a _meta of
// the application's own is always sent.
const (
	// CacheUse takes what is kept and fresh; what is fetched is kept.
	CacheUse = "use"
	// CacheRefresh asks the server; what is fetched is kept.
	CacheRefresh = "refresh"
	// CacheBypass asks the server; what is fetched is not kept.
	CacheBypass = "bypass"
)

// CacheModes lists the cache modes.
var CacheModes = []string{CacheUse, CacheRefresh, CacheBypass}

// DefaultListMaxPages is how many pages an embedder fetches when it is asked for
// a whole list at once.
const DefaultListMaxPages = 64

// MaxListPages is how many pages an iterator over a list fetches: a list that
// goes on after so many does not end.
const MaxListPages = 10_000
