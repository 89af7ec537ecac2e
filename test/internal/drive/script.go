// Package drive runs one list of steps through each embedder of remora: the Go
// host in this process, and the npm package in Node, in a page of Chromium and
// in a web worker. A script is data, so every embedder does exactly the same;
// what came of each step comes back as data, so one test judges them all.
//
// The JavaScript side is test/drive/drive.js. The names in the JSON tags are
// the contract between the two.
package drive

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// StepLimit is how long one step may take in any embedder before it counts as
// hung.
const StepLimit = 60 * time.Second

// A Script is a list of steps for one client.
type Script struct {
	// Name tells scripts apart in reports.
	Name string `json:"name"`
	// URL is the server, as the Go host and Node reach it.
	URL string `json:"url"`
	// BrowserURL is the server as a page reaches it; empty if that is the same.
	BrowserURL string `json:"browserUrl,omitempty"`
	// Protocol is the revision to ask for; empty for the newest.
	Protocol string `json:"protocol,omitempty"`
	// Limits are given to the core.
	Limits Limits `json:"limits,omitzero"`
	// Origins are further origins that the policy allows.
	Origins []string `json:"origins,omitempty"`
	// Headers are sent to the server's own origin.
	Headers map[string]string `json:"headers,omitempty"`
	// Token is what the token function gives; empty for none.
	Token string `json:"token,omitempty"`
	// Auth says how tokens are got; nil for not at all.
	Auth *Auth `json:"auth,omitempty"`
	// Trace listens to the event trace from the start.
	Trace bool `json:"trace,omitempty"`
	// ConnectTimeoutMs is how long connect waits to hear something; 0 for the
	// default.
	ConnectTimeoutMs int64 `json:"connectTimeoutMs,omitempty"`
	// Elicit is the answer to every elicitation, an ElicitResult as JSON, or
	// one of the words in Answers. Empty: there is no handler.
	Elicit string `json:"elicit,omitempty"`
	// Sample is the answer to every sampling request, likewise.
	Sample string `json:"sample,omitempty"`
	// SampleTools announces that sampling takes tools.
	SampleTools bool `json:"sampleTools,omitempty"`
	// ElicitURL announces that elicitation takes URLs.
	ElicitURL bool `json:"elicitUrl,omitempty"`
	// Roots are the URIs of the roots given to connect; nil for none.
	Roots []string `json:"roots,omitzero"`
	// ValidateOutput is that of connect: always, off, or empty.
	ValidateOutput string `json:"validateOutput,omitempty"`
	// ListMaxPages bounds wholeList in the npm package; 0 for its default.
	ListMaxPages int `json:"listMaxPages,omitempty"`
	// CacheMode is the session's; empty for the default.
	CacheMode string `json:"cacheMode,omitempty"`
	// Steps are done in order. A step that fails does not end the script.
	Steps []Step `json:"steps"`
}

// Answers other than JSON.
const (
	AnswerNever = "never" // the handler waits until the question is withdrawn
	AnswerThrow = "throw" // the handler fails
	AnswerFill  = "fill"  // an elicitation is accepted, its required fields filled in: see Filled
	AnswerVisit = "visit" // an elicitation by URL is accepted, and the page visited
)

// Filled are the values that AnswerFill puts into required fields, by type.
var Filled = map[string]any{"string": "blue", "boolean": true, "integer": 1, "number": 1}

// Limits are those of the core that scripts set; zero is the default.
type Limits struct {
	MaxBodyBytes  int64 `json:"maxBodyBytes,omitempty"`
	MaxEventBytes int64 `json:"maxEventBytes,omitempty"`
	MaxDepth      int   `json:"maxDepth,omitempty"`
	MaxCalls      int   `json:"maxCalls,omitempty"`
}

// What a step does.
const (
	Connect    = "connect"
	ListTools  = "listTools"  // one page
	AllTools   = "allTools"   // every page; the outcome's Names
	CallTool   = "callTool"   // the outcome's Result is the server's, byte for byte
	Request    = "request"    // makes the request that Method and Params say; the outcome's Result is the server's, byte for byte
	EachOf     = "eachOf"     // goes over the list that Method names; the outcome's Names
	WholeList  = "wholeList"  // fetches the list that Method names at once; the outcome's Names
	Ping       = "ping"       //
	On         = "on"         // listens to Event from here on
	Off        = "off"        // stops listening to Event
	AwaitEvent = "awaitEvent" // waits until Event has come Min times (default 1); the outcome's Events
	Counters   = "counters"   // counters of a fault run; the outcome's Counters
	Signal     = "signal"     // waits for an event as AwaitEvent, which still sees it, and then gets the step's URL
	Get        = "get"        // gets the step's URL
	Shown      = "shown"      // the outcome's Result is what the client's snapshot has without credentials, and how client and options print
	SetRoots   = "setRoots"   // the step's Roots
	Memory     = "memory"     // the outcome's Memory, Live, Heap and Resources, where the embedder can tell
	Close      = "close"
)

// A Step is one thing that the client does.
type Step struct {
	Do string `json:"do"`
	// Tool and Arguments are those of callTool.
	Tool      string          `json:"tool,omitempty"`
	Arguments json.RawMessage `json:"arguments,omitempty"`
	// Method is the request by the npm package's name for it (readResource), or
	// the list (resources); Params are the request's.
	Method string          `json:"method,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`
	// CacheMode is the request's; empty for the session's.
	CacheMode string `json:"cacheMode,omitempty"`
	// Most bounds wholeList in the Go host, in entries; 0 for its default.
	Most int `json:"most,omitempty"`
	// TimeoutMs, MaxTotalTimeoutMs and KeepTimeout are the call's options.
	TimeoutMs         int64 `json:"timeoutMs,omitempty"`
	MaxTotalTimeoutMs int64 `json:"maxTotalTimeoutMs,omitempty"`
	KeepTimeout       bool  `json:"keepTimeout,omitempty"`
	// Progress asks for the call's progress.
	Progress bool `json:"progress,omitempty"`
	// Cancel cancels the call: "progress" at its first progress event, "ask"
	// when the server asks, or the name of a counter that has to reach 1.
	Cancel string `json:"cancel,omitempty"`
	// Roots are those of setRoots.
	Roots []string `json:"roots,omitempty"`
	// Beside are steps that are done at the same time; the outcome's Each.
	Beside []Step `json:"beside,omitempty"`
	// Count does the step so many times at once; the outcome's Each.
	Count int `json:"count,omitempty"`
	// Repeat does the step so many times in series, until one fails.
	Repeat int `json:"repeat,omitempty"`
	// Event is that of on, off, awaitEvent and signal.
	Event string `json:"event,omitempty"`
	// Until is what one of the events that are waited for has to hold, as JSON.
	Until string `json:"until,omitempty"`
	// URL is what signal and get get.
	URL string `json:"url,omitempty"`
	// Wait is the counter that counters waits for; it has to reach Min (default
	// 1), or to fall to Max if that is set.
	Wait string `json:"wait,omitempty"`
	Min  int    `json:"min,omitempty"`
	Max  *int   `json:"max,omitempty"`
}

// An Outcome is what came of one step.
type Outcome struct {
	// Error says how the step failed; nil if it did not.
	Error *Failure `json:"error,omitempty"`
	// Hung is set if the step took longer than StepLimit.
	Hung bool `json:"hung,omitempty"`
	// Result is the JSON that the server sent as the result, byte for byte.
	Result string `json:"result,omitempty"`
	// Protocol is the revision that connect agreed on.
	Protocol string `json:"protocol,omitempty"`
	// Names are the tools that allTools saw, or the names, URIs and URI
	// templates of another list.
	Names []string `json:"names,omitempty"`
	// Progress are the progress events of the call that came before its result.
	Progress []float64 `json:"progress,omitempty"`
	// Late counts the progress events that came after the result.
	Late int `json:"late,omitempty"`
	// Asks are the questions that came during the step.
	Asks []Question `json:"asks,omitempty"`
	// Events are the events that awaitEvent waited for, as JSON.
	Events []json.RawMessage `json:"events,omitempty"`
	// Counters are those of the fault run.
	Counters map[string]int `json:"counters,omitempty"`
	// Memory is the guest's memory in bytes, 0 where it cannot be told.
	Memory int64 `json:"memory,omitempty"`
	// Live is what live objects of the core take in bytes, if there is a session.
	Live int64 `json:"live,omitempty"`
	// Heap is what live objects of the embedder take in bytes, and Resources how
	// many sockets, timers and requests it holds; 0 where that cannot be told.
	Heap      int64 `json:"heap,omitempty"`
	Resources int   `json:"resources,omitempty"`
	// Each has the outcomes of a step with Count, or those of the steps beside it.
	Each []Outcome `json:"each,omitempty"`
	// Ms is how long the step took, in milliseconds.
	Ms float64 `json:"ms"`
}

// A Question is one that the server asked.
type Question struct {
	Kind   string          `json:"kind"`
	Params json.RawMessage `json:"params"`
	// Withdrawn is set if the handler saw that no answer is wanted any more.
	Withdrawn bool `json:"withdrawn,omitempty"`
}

// A Failure is an error of remora's, as every embedder reports it.
type Failure struct {
	Code      string          `json:"code"`
	Message   string          `json:"message"`
	Sent      string          `json:"sent"`
	Retryable bool            `json:"retryable"`
	Status    int             `json:"status,omitempty"`
	RPCCode   int64           `json:"rpcCode,omitempty"`
	Data      json.RawMessage `json:"data,omitempty"`
}

// String returns the parts of the failure that tests look at.
func (f *Failure) String() string {
	if f == nil {
		return "no error"
	}
	s := fmt.Sprintf("%s (sent %s): %s", f.Code, f.Sent, f.Message)
	if f.Status != 0 {
		s += fmt.Sprintf(" [status %d]", f.Status)
	}
	return s
}

// A Report is what came of one script: one outcome for each step.
type Report struct {
	Name     string    `json:"name"`
	Outcomes []Outcome `json:"outcomes"`
}

// An Embedder runs scripts.
type Embedder struct {
	// Name is its part of subtests' names.
	Name string
	// Browser is set where a web page's rules hold: CORS, opaque redirects.
	Browser bool
	// Run runs scripts and returns their reports in the same order. Scripts
	// may run at the same time.
	Run func(ctx context.Context, scripts []Script) ([]Report, error)
}

// Ask returns the step that makes a request.
func Ask(method, params string) Step {
	return Step{Do: Request, Method: method, Params: json.RawMessage(params)}
}

// Call returns the step that calls a tool.
func Call(tool, arguments string) Step {
	if strings.TrimSpace(arguments) == "" {
		arguments = "{}"
	}
	return Step{Do: CallTool, Tool: tool, Arguments: json.RawMessage(arguments)}
}
