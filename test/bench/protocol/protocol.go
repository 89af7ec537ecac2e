// Package protocol is what the benchmarks' coordinator and its drivers say to
// each other. A driver is a process with one client of one MCP server:
//
//	driver CLIENT SERVER
//
// It connects, calls the tool text once, and writes a line: its first reply. Then
// it reads requests and answers each with a reply, one line of JSON each, until
// its standard input closes. driver.js has the same protocol for JavaScript.
package protocol

// What a driver can be asked to do.
const (
	Call     = "call"     // Count calls of the tool text, InFlight at a time
	List     = "list"     // lists the tools Count times, with a client of the server's /list
	Progress = "progress" // Count calls of the tool progress, one after the other
	Sessions = "sessions" // opens Count further sessions, and calls the tool text once in each
	Memory   = "memory"   // says what the process and the guest take
)

// A Request asks a driver to do something.
type Request struct {
	Do       string `json:"do"`
	Count    int    `json:"count,omitempty"`
	InFlight int    `json:"inFlight,omitempty"`
	Bytes    int    `json:"bytes,omitempty"` // of each result
	Steps    int    `json:"steps,omitempty"` // progress events of each call
}

// A Reply says how long that took, or why it failed. Figures that a driver does
// not have are zero.
type Reply struct {
	Error string `json:"error,omitempty"`

	WallMs float64 `json:"wallMs,omitempty"`
	// CPUMs is the time that the driver's process spent computing.
	CPUMs float64 `json:"cpuMs,omitempty"`

	// RSSBytes is the driver's resident memory, after a collection where the
	// platform lets a program ask for one.
	RSSBytes int64 `json:"rssBytes,omitempty"`
	// GuestBytes is the linear memory of the guest, GuestHeapBytes what live
	// objects take of it.
	GuestBytes     int64 `json:"guestBytes,omitempty"`
	GuestHeapBytes int64 `json:"guestHeapBytes,omitempty"`
}
