package drive

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/host"
	"github.com/remora-mcp/remora/test/internal/kit"
)

// A Host is the Go host in this process, with one runtime for each set of
// limits. Close frees it.
type Host struct {
	// Logger is given to the runtimes; it may be nil.
	Logger *slog.Logger
	// AnyCertificate takes every server's.
	AnyCertificate bool

	mu       sync.Mutex
	runtimes map[Limits]*host.Runtime
}

// hostAtOnce is how many scripts run at the same time.
const hostAtOnce = 4

// Embedder returns the host as one.
func (h *Host) Embedder() Embedder { return Embedder{Name: "host", Run: h.run} }

// Close closes all runtimes.
func (h *Host) Close(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var errs []error
	for _, rt := range h.runtimes {
		errs = append(errs, rt.Close(ctx))
	}
	h.runtimes = nil
	return errors.Join(errs...)
}

func (h *Host) run(ctx context.Context, scripts []Script) ([]Report, error) {
	if err := kit.Plugin(); err != nil {
		return nil, err
	}
	reports := make([]Report, len(scripts))
	errs := make([]error, len(scripts))
	turns := make(chan struct{}, hostAtOnce)
	var wait sync.WaitGroup
	for i, script := range scripts {
		wait.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			rt, err := h.runtime(ctx, script.Limits)
			if err != nil {
				errs[i] = err
				return
			}
			r := &hostRun{rt: rt, script: script, events: map[string][]json.RawMessage{}, off: map[string]func(){}, changed: make(chan struct{})}
			reports[i] = r.all(ctx)
		})
	}
	wait.Wait()
	return reports, errors.Join(errs...)
}

// runtime returns the runtime with these limits, opened on first use.
func (h *Host) runtime(ctx context.Context, l Limits) (*host.Runtime, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if rt := h.runtimes[l]; rt != nil {
		return rt, nil
	}
	rt, err := host.Open(ctx, host.Options{Logger: h.Logger, HTTP: h.http(), Limits: host.Limits{
		MaxBodyBytes: l.MaxBodyBytes, MaxEventBytes: l.MaxEventBytes, MaxDepth: l.MaxDepth, MaxCalls: l.MaxCalls,
	}})
	if err != nil {
		return nil, err
	}
	if h.runtimes == nil {
		h.runtimes = map[Limits]*host.Runtime{}
	}
	h.runtimes[l] = rt
	return rt, nil
}

func (h *Host) http() host.HTTPOptions {
	if !h.AnyCertificate {
		return host.HTTPOptions{}
	}
	return host.HTTPOptions{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
}

// hostRun is one script on its way through the Go host.
type hostRun struct {
	rt      *host.Runtime
	script  Script
	session *host.Session

	mu      sync.Mutex
	asks    []*Question
	onAsk   []func()
	events  map[string][]json.RawMessage
	off     map[string]func()
	changed chan struct{} // closed and replaced when an event comes
}

func (r *hostRun) all(ctx context.Context) Report {
	report := Report{Name: r.script.Name}
	for _, step := range r.script.Steps {
		report.Outcomes = append(report.Outcomes, r.timed(ctx, step))
	}
	return report
}

func (r *hostRun) timed(ctx context.Context, step Step) Outcome {
	from := time.Now()
	r.mu.Lock()
	r.asks = nil
	r.mu.Unlock()
	done := make(chan Outcome, 1)
	go func() { done <- r.several(ctx, step) }()
	limit := time.NewTimer(StepLimit)
	defer limit.Stop()
	outcome := Outcome{Hung: true}
	select {
	case outcome = <-done:
	case <-limit.C:
	}
	r.mu.Lock()
	for _, ask := range r.asks {
		outcome.Asks = append(outcome.Asks, *ask)
	}
	r.mu.Unlock()
	outcome.Ms = float64(time.Since(from).Microseconds()) / 1000
	return outcome
}

func (r *hostRun) several(ctx context.Context, step Step) Outcome {
	if step.Count > 0 {
		outcome := Outcome{Each: make([]Outcome, step.Count)}
		var wait sync.WaitGroup
		for i := range outcome.Each {
			wait.Go(func() { outcome.Each[i] = r.caught(ctx, step) })
		}
		wait.Wait()
		return outcome
	}
	var outcome Outcome
	if len(step.Beside) > 0 {
		each := make([]Outcome, len(step.Beside))
		var wait sync.WaitGroup
		for i, beside := range step.Beside {
			wait.Go(func() { each[i] = r.caught(ctx, beside) })
		}
		outcome = r.caught(ctx, step)
		wait.Wait()
		outcome.Each = each
		return outcome
	}
	for range max(1, step.Repeat) {
		if outcome = r.caught(ctx, step); outcome.Error != nil {
			break
		}
	}
	return outcome
}

func (r *hostRun) caught(ctx context.Context, step Step) Outcome {
	var outcome Outcome
	if err := r.once(ctx, step, &outcome); err != nil {
		outcome.Error = failure(err)
	}
	return outcome
}

func (r *hostRun) once(ctx context.Context, step Step, outcome *Outcome) error {
	options := host.CallOptions{
		Timeout:               time.Duration(step.TimeoutMs) * time.Millisecond,
		MaxTotalTimeout:       time.Duration(step.MaxTotalTimeoutMs) * time.Millisecond,
		KeepTimeoutOnProgress: step.KeepTimeout,
		CacheMode:             host.CacheMode(step.CacheMode),
	}
	if step.Do == Connect {
		options.Timeout = time.Duration(r.script.ConnectTimeoutMs) * time.Millisecond
		o, err := r.connectOptions()
		if err != nil {
			return err
		}
		session, err := r.rt.Connect(host.WithCallOptions(ctx, options), r.script.URL, o)
		if err != nil {
			return err
		}
		r.session = session
		outcome.Protocol = session.InitializeResult().ProtocolVersion
		return nil
	}
	switch step.Do {
	case Counters:
		return r.counters(ctx, step, outcome)
	case Get:
		return get(ctx, step.URL)
	case AwaitEvent:
		events, err := r.awaitEvent(ctx, step)
		outcome.Events = events
		return err
	}
	if r.session == nil {
		return errors.New("this script has no session: connect failed")
	}
	switch step.Do {
	case ListTools:
		raw, err := r.session.ListToolsRaw(host.WithCallOptions(ctx, options), nil)
		outcome.Result = string(raw)
		return err
	case AllTools:
		for tool, err := range r.session.Tools(host.WithCallOptions(ctx, options), nil) {
			if err != nil {
				return err
			}
			outcome.Names = append(outcome.Names, tool.Name)
		}
		return nil
	case Request:
		raw, err := request(host.WithCallOptions(ctx, options), r.session, step)
		outcome.Result = string(raw)
		return err
	case EachOf, WholeList:
		names, err := list(host.WithCallOptions(ctx, options), r.session, step)
		outcome.Names = names
		return err
	case CallTool:
		return r.call(ctx, step, options, outcome)
	case Ping:
		return r.session.Ping(host.WithCallOptions(ctx, options), nil)
	case On:
		return r.listen(step.Event)
	case Off:
		r.mu.Lock()
		off := r.off[step.Event]
		delete(r.off, step.Event)
		r.mu.Unlock()
		if off != nil {
			off()
		}
		return nil
	case Signal:
		if _, err := r.seen(ctx, step); err != nil {
			return err
		}
		return get(ctx, step.URL)
	case Shown:
		snapshot, err := r.session.Snapshot(ctx, nil)
		if err != nil {
			return err
		}
		o, err := r.connectOptions()
		if err != nil {
			return err
		}
		outcome.Result = fmt.Sprintf("%s %v %+v %#v %v %+v %#v %+v", snapshot, r.session, r.session, r.session, o, o, o, o.Auth)
		return nil
	case SetRoots:
		return r.session.SetRoots(host.WithCallOptions(ctx, options), roots(step.Roots)...)
	case Memory:
		return nil // the host does not tell
	case Close:
		return r.session.Close()
	}
	return fmt.Errorf("unknown step %q", step.Do)
}

func (r *hostRun) connectOptions() (*host.ConnectOptions, error) {
	auth, err := r.auth()
	if err != nil {
		return nil, err
	}
	o := &host.ConnectOptions{
		ClientInfo:      &mcp.Implementation{Name: "remora-test", Version: "1"},
		ProtocolVersion: r.script.Protocol,
		Policy:          host.Policy{Origins: r.script.Origins},
		CacheMode:       host.CacheMode(r.script.CacheMode),
		Auth:            auth,
	}
	if r.script.Roots != nil {
		o.Roots = roots(r.script.Roots)
	}
	o.ValidateOutput = host.OutputValidation(r.script.ValidateOutput)
	if r.script.ElicitURL {
		o.Capabilities = &mcp.ClientCapabilities{Elicitation: &mcp.ElicitationCapabilities{
			Form: &mcp.FormElicitationCapabilities{}, URL: &mcp.URLElicitationCapabilities{}}}
	}
	if len(r.script.Headers) > 0 {
		o.Headers = http.Header{}
		for name, value := range r.script.Headers {
			o.Headers.Set(name, value)
		}
	}
	if r.script.Token != "" {
		o.Token = func(context.Context) (string, error) { return r.script.Token, nil }
	}
	if r.script.Trace {
		o.Events.Trace = func(e host.TraceEvent) { r.note("trace", e) }
	}
	if r.script.Elicit != "" {
		o.Handlers.Elicit = func(ctx context.Context, params *mcp.ElicitParams) (*mcp.ElicitResult, error) {
			return answer[mcp.ElicitResult](ctx, r, "elicit", r.script.Elicit, params)
		}
	}
	if r.script.SampleTools {
		//lint:ignore SA1019 sampling is part of the older revisions
		o.Handlers.SampleWithTools = func(ctx context.Context, params *mcp.CreateMessageWithToolsParams) (*mcp.CreateMessageWithToolsResult, error) {
			//lint:ignore SA1019 sampling is part of the older revisions
			return answer[mcp.CreateMessageWithToolsResult](ctx, r, "sample", r.script.Sample, params)
		}
	} else if r.script.Sample != "" {
		//lint:ignore SA1019 sampling is part of the older revisions
		o.Handlers.Sample = func(ctx context.Context, params *mcp.CreateMessageParams) (*mcp.CreateMessageResult, error) {
			//lint:ignore SA1019 sampling is part of the older revisions
			return answer[mcp.CreateMessageResult](ctx, r, "sample", r.script.Sample, params)
		}
	}
	return o, nil
}

// answer records a question and answers it as the script says.
func answer[T any](ctx context.Context, r *hostRun, kind, with string, params any) (*T, error) {
	encoded, err := json.Marshal(params)
	if err != nil {
		return nil, err
	}
	question := &Question{Kind: kind, Params: encoded}
	r.mu.Lock()
	r.asks = append(r.asks, question)
	listeners := r.onAsk
	r.mu.Unlock()
	for _, listener := range listeners {
		listener()
	}
	switch with {
	case AnswerNever:
		<-ctx.Done()
		r.mu.Lock()
		question.Withdrawn = true
		r.mu.Unlock()
		return nil, ctx.Err()
	case AnswerThrow:
		return nil, errors.New("the handler fails")
	}
	switch with {
	case AnswerFill:
		with = fill(encoded)
	case AnswerVisit:
		if err := visit(ctx, encoded); err != nil {
			return nil, err
		}
		with = `{"action":"accept"}`
	}
	result := new(T)
	return result, json.Unmarshal([]byte(with), result)
}

// roots returns roots with these URIs.
//
//lint:ignore SA1019 roots are part of every revision
func roots(uris []string) []*mcp.Root {
	//lint:ignore SA1019 see above
	list := []*mcp.Root{}
	for _, uri := range uris {
		//lint:ignore SA1019 see above
		list = append(list, &mcp.Root{URI: uri, Name: "root"})
	}
	return list
}

// visit visits the page that an elicitation sends to.
func visit(ctx context.Context, params json.RawMessage) error {
	var question struct{ URL string }
	if err := json.Unmarshal(params, &question); err != nil {
		return err
	}
	return get(ctx, question.URL)
}

// fill returns the answer to an elicitation with its required fields filled in.
func fill(params json.RawMessage) string {
	var question struct {
		RequestedSchema struct {
			Properties map[string]struct{ Type string }
			Required   []string
		}
	}
	content := map[string]any{}
	if json.Unmarshal(params, &question) == nil {
		for _, name := range question.RequestedSchema.Required {
			content[name] = Filled[question.RequestedSchema.Properties[name].Type]
		}
	}
	answer, err := json.Marshal(map[string]any{"action": "accept", "content": content})
	if err != nil {
		return "" // cannot happen: strings, numbers and booleans
	}
	return string(answer)
}

func (r *hostRun) call(ctx context.Context, step Step, options host.CallOptions, outcome *Outcome) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var progress []float64
	over, late := false, 0
	var mu sync.Mutex
	if step.Progress || step.Cancel == "progress" {
		options.OnProgress = func(p *mcp.ProgressNotificationParams) {
			mu.Lock()
			defer mu.Unlock()
			if over {
				late++
			} else {
				progress = append(progress, p.Progress)
			}
			if step.Cancel == "progress" {
				cancel()
			}
		}
	}
	switch step.Cancel {
	case "", "progress":
	case "ask":
		r.mu.Lock()
		r.onAsk = append(r.onAsk, cancel)
		r.mu.Unlock()
	default:
		go func() {
			if r.counters(ctx, Step{Wait: step.Cancel}, new(Outcome)) == nil {
				cancel()
			}
		}()
	}
	raw, err := r.session.CallToolRaw(host.WithCallOptions(ctx, options), &mcp.CallToolParams{Name: step.Tool, Arguments: step.Arguments})
	mu.Lock()
	defer mu.Unlock()
	over = true
	outcome.Result, outcome.Progress, outcome.Late = string(raw), progress, late
	return err
}

// note keeps an event for awaitEvent.
func (r *hostRun) note(event string, data any) {
	encoded, err := json.Marshal(data)
	if err != nil {
		encoded = nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events[event] = append(r.events[event], encoded)
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *hostRun) listen(event string) error {
	note := func(data any) { r.note(event, data) }
	var events host.Events
	switch event {
	case "state":
		events.State = func(c host.StateChange) {
			note(map[string]any{"state": c.State, "reason": c.Reason, "attempt": c.Attempt, "nextDelayMs": c.NextDelay.Milliseconds()})
		}
	case "log":
		//lint:ignore SA1019 logging is part of the older revisions
		events.Log = func(p *mcp.LoggingMessageParams) { note(p) }
	case "toolsChanged":
		events.ToolsChanged = func() { note(nil) }
	case "elicitationComplete":
		events.ElicitationComplete = func(p *mcp.ElicitationCompleteParams) { note(p) }
	case "promptsChanged":
		events.PromptsChanged = func() { note(nil) }
	case "resourcesChanged":
		events.ResourcesChanged = func() { note(nil) }
	case "resourceUpdated":
		events.ResourceUpdated = func(p *mcp.ResourceUpdatedNotificationParams) { note(p) }
	default:
		return fmt.Errorf("unknown event %q", event)
	}
	stop := r.session.On(events)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.off[event] = stop
	return nil
}

func (r *hostRun) awaitEvent(ctx context.Context, step Step) ([]json.RawMessage, error) {
	got, err := r.seen(ctx, step)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events[step.Event] = r.events[step.Event][len(got):]
	return got, err
}

// seen waits until the step's events have come, and returns them.
func (r *hostRun) seen(ctx context.Context, step Step) ([]json.RawMessage, error) {
	for {
		r.mu.Lock()
		got, changed := r.events[step.Event], r.changed
		r.mu.Unlock()
		if len(got) >= max(1, step.Min) && slices.ContainsFunc(got, func(e json.RawMessage) bool { return strings.Contains(string(e), step.Until) }) {
			return got, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// get makes a request to what is not the server.
func get(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

func (r *hostRun) counters(ctx context.Context, step Step, outcome *Outcome) error {
	query := url.Values{}
	if step.Wait != "" {
		query.Set("wait", step.Wait)
	}
	if step.Min > 0 {
		query.Set("min", fmt.Sprint(step.Min))
	}
	if step.Max != nil {
		query.Set("max", fmt.Sprint(*step.Max))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.script.URL+"/counters?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("counters: %s", response.Status)
	}
	return json.NewDecoder(response.Body).Decode(&outcome.Counters)
}

// failure returns an error as the contract has it. One that is not remora's is
// reported with a code that no test expects.
func failure(err error) *Failure {
	var e *host.Error
	if !errors.As(err, &e) {
		return &Failure{Code: "foreign", Message: err.Error()}
	}
	return &Failure{Code: string(e.Code), Message: e.Message, Sent: string(e.Sent), Retryable: e.Retryable,
		Status: e.Status, RPCCode: e.RPCCode, Data: e.Data}
}
