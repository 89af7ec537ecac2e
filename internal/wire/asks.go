package wire

import "encoding/json"

// Elicit holds the parameters of the elicit question: elicitation/create, as
// the server sent it (specification 2025-11-25 and 2026-07-28,
// client/elicitation). A question of a mode that was not announced does not get
// here, nor one whose URL is not of http or https.
type Elicit struct {
	// Mode is "form" (the default) or "url".
	Mode string `json:"mode,omitempty"`
	// Message is shown to the person.
	Message string `json:"message"`
	// RequestedSchema describes the form: a flat JSON Schema object.
	RequestedSchema json.RawMessage `json:"requestedSchema,omitempty"`
	// URL is where to send the person, in mode "url".
	URL string `json:"url,omitempty"`
	// ElicitationID identifies an elicitation of mode "url".
	ElicitationID string `json:"elicitationId,omitempty"`
}

// Elicited is the answer to elicit. What is missing in Content and has a default
// in the form is added; then it has to fit the form, or the question has no
// answer and the call that it belongs to ends with local/bad_argument.
type Elicited struct {
	// Action is accept, decline or cancel.
	Action string `json:"action"`
	// Content holds the form's values, an object, when Action is accept.
	Content json.RawMessage `json:"content,omitempty"`
}

// Sample holds the parameters of the sample question: sampling/createMessage,
// as the server sent it (specification 2025-11-25 and 2026-07-28,
// client/sampling).
type Sample struct {
	// Messages is the conversation so far. The content of each is a content
	// block or a list of them; tool_use and tool_result blocks come only if tools
	// were announced.
	Messages json.RawMessage `json:"messages"`
	// SystemPrompt is the server's wish for a system prompt.
	SystemPrompt string `json:"systemPrompt,omitempty"`
	// MaxTokens bounds the answer.
	MaxTokens int64 `json:"maxTokens"`
	// ModelPreferences are hints for choosing a model.
	ModelPreferences json.RawMessage `json:"modelPreferences,omitempty"`
	// Temperature is the server's wish for a temperature.
	Temperature *float64 `json:"temperature,omitempty"`
	// StopSequences end the answer.
	StopSequences []string `json:"stopSequences,omitempty"`
	// IncludeContext is none, thisServer or allServers.
	IncludeContext string `json:"includeContext,omitempty"`
	// Metadata is passed to the model's provider.
	Metadata json.RawMessage `json:"metadata,omitempty"`
	// Tools are what the model may use, Tool objects of the specification. They
	// come only if tools were announced.
	Tools json.RawMessage `json:"tools,omitempty"`
	// ToolChoice says how the model may use them: its mode is auto, required or
	// none.
	ToolChoice json.RawMessage `json:"toolChoice,omitempty"`
}

// Sampled is the answer to sample.
type Sampled struct {
	// Role is "assistant".
	Role string `json:"role"`
	// Content is the message: a content block, or a list of them, as with
	// several tool_use blocks. A server before 2025-11-25 takes one block only.
	Content json.RawMessage `json:"content"`
	// Model names the model that wrote it.
	Model string `json:"model"`
	// StopReason says why it ended: endTurn, stopSequence, maxTokens, toolUse, or
	// another word.
	StopReason string `json:"stopReason,omitempty"`
}
