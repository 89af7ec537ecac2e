package wire

// Stats holds the parameters of the stats command: none.
type Stats struct{}

// StatsResult says how the core is doing. It is for tests and for finding
// leaks; nothing in it depends on a session.
type StatsResult struct {
	// Open counts the calls, asks, exchanges and channels that are not finished, without
	// the stats call itself.
	Open int `json:"open"`
	// Sessions counts the sessions that are open.
	Sessions int `json:"sessions"`
	// Goroutines counts the core's goroutines, without those that wait for a call.
	Goroutines int `json:"goroutines"`
	// HeapBytes is what live objects take, after a collection.
	HeapBytes int64 `json:"heapBytes"`
	// MemoryBytes is what the core has taken of its linear memory, which never
	// shrinks: live objects, garbage, what is free again, stacks.
	MemoryBytes int64 `json:"memoryBytes"`
	// Dropped counts what nobody waited for: late frames, answers to calls that
	// were never made, notices that could not be delivered.
	Dropped int64 `json:"dropped"`
	// LastDropped says what the last of these was.
	LastDropped string `json:"lastDropped,omitempty"`
}
