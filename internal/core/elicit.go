package core

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/exchange"
	"github.com/remora-mcp/remora/internal/schema"
	"github.com/remora-mcp/remora/internal/wire"
)

// Modes of an elicitation.
const (
	modeForm = "form"
	modeURL  = "url"
)

// elicitHandler answers the SDK's elicitations.
func (s *session) elicitHandler(cn *conn) func(context.Context, *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
	return func(ctx context.Context, req *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
		meta, err := s.question(ctx, cn, req.Params.GetMeta(), s.elicit)
		if err != nil {
			return nil, err
		}
		return &mcp.ElicitResult{Meta: meta, Action: "accept"}, nil
	}
}

// elicitModes are the modes that the application takes.
func (s *session) elicitModes() []string {
	said := s.params.Capabilities.Elicitation
	if said == nil || said.Form == nil && said.URL == nil {
		return []string{modeForm}
	}
	var modes []string
	if said.Form != nil {
		modes = append(modes, modeForm)
	}
	if said.URL != nil {
		modes = append(modes, modeURL)
	}
	return modes
}

// elicit asks the application, and returns its answer as it goes to the server:
// whole, with the form's defaults, and fitting the form.
func (s *session) elicit(ctx context.Context, q exchange.Question) (json.RawMessage, error) {
	var params wire.Elicit
	if err := json.Unmarshal(q.Params, &params); err != nil {
		return nil, notAsked("the parameters of an elicitation are not of their form")
	}
	if params.Mode == "" {
		params.Mode = modeForm
	}
	if !slices.Contains(s.elicitModes(), params.Mode) {
		return nil, notAsked("an elicitation of a mode that was not announced")
	}
	if params.Mode == modeURL {
		if !isPage(params.URL) {
			return nil, notAsked("an elicitation's URL is not one of http or https")
		}
		s.elicitations.ask(params.ElicitationID)
		answer, err := s.ask(ctx, "elicit", q.Call, q.Params)
		if err != nil {
			return nil, err
		}
		fields, _, err := readElicited(answer)
		if err != nil {
			return nil, err
		}
		delete(fields, "content")
		return json.Marshal(fields)
	}
	form, err := readForm(params.RequestedSchema)
	if err != nil {
		return nil, err
	}
	answer, err := s.ask(ctx, "elicit", q.Call, q.Params)
	if err != nil {
		return nil, err
	}
	fields, action, err := readElicited(answer)
	if err != nil {
		return nil, err
	}
	if action != "accept" {
		delete(fields, "content")
		return json.Marshal(fields)
	}
	if fields["content"], err = form.fill(fields["content"]); err != nil {
		return nil, err
	}
	return json.Marshal(fields)
}

// readElicited decodes an answer to elicit.
func readElicited(answer []byte) (fields map[string]json.RawMessage, action string, err error) {
	if json.Unmarshal(answer, &fields) != nil || fields == nil {
		return nil, "", unanswered(badArgument("the answer to elicit is not an object"))
	}
	if json.Unmarshal(fields["action"], &action) != nil || !slices.Contains([]string{"accept", "decline", "cancel"}, action) {
		return nil, "", unanswered(badArgument("the answer to elicit has an action that is not accept, decline or cancel"))
	}
	return fields, action, nil
}

// isPage reports whether a URL is one that a person can be sent to.
func isPage(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && len(raw) <= maxURLBytes
}

// A form is what an elicitation wants to know.
type form struct {
	schema   *schema.Schema             // nil: anything
	defaults map[string]json.RawMessage // by field
}

// readForm reads an elicitation's requestedSchema.
func readForm(raw json.RawMessage) (*form, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return &form{}, nil
	}
	compiled, err := schema.Compile(raw, schema.Options{Formats: true})
	if err != nil {
		return nil, notAsked("the requested schema cannot be used: %v", err)
	}
	var fields struct {
		Properties map[string]json.RawMessage `json:"properties"`
	}
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, notAsked("the requested schema is not that of an object")
	}
	f := &form{schema: compiled, defaults: make(map[string]json.RawMessage)}
	for name, property := range fields.Properties {
		var field struct {
			Default json.RawMessage `json:"default"`
		}
		if json.Unmarshal(property, &field) != nil || field.Default == nil {
			continue
		}
		// A default that does not fit its own field helps nobody.
		own, err := schema.Compile(property, schema.Options{Formats: true})
		if err != nil {
			continue
		}
		if problem, err := own.Validate(field.Default); problem == nil && err == nil {
			f.defaults[name] = field.Default
		}
	}
	return f, nil
}

// fill adds the defaults of what is missing, and checks the outcome. What does
// not change stays byte for byte.
func (f *form) fill(content json.RawMessage) (json.RawMessage, error) {
	var values map[string]json.RawMessage
	if len(content) == 0 || string(content) == "null" {
		content = emptyResult
	}
	if json.Unmarshal(content, &values) != nil {
		return nil, unanswered(badArgument("the content of the answer to elicit is not an object"))
	}
	added := false
	for name, value := range f.defaults {
		if _, has := values[name]; !has {
			values[name] = value
			added = true
		}
	}
	if added {
		var err error
		if content, err = json.Marshal(values); err != nil {
			return nil, err
		}
	}
	if f.schema == nil {
		return content, nil
	}
	problem, err := f.schema.Validate(content)
	switch {
	case err != nil:
		return nil, notAsked("the requested schema cannot be used: %v", err)
	case problem != nil:
		return nil, unanswered(badArgument("the answer to elicit does not fit the form: %s", wire.Excerpt([]byte(problem.String()))))
	}
	return content, nil
}
