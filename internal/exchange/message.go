package exchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	fastjson "github.com/segmentio/encoding/json"
)

// Methods that are treated apart.
const (
	methodInitialize    = "initialize"
	methodInitialized   = "notifications/initialized"
	methodDiscover      = "server/discover"
	methodListen        = "subscriptions/listen"
	methodCallTool      = "tools/call"
	methodListTools     = "tools/list"
	methodListResources = "resources/list"
	methodListTemplates = "resources/templates/list"
	methodReadResource  = "resources/read"
	methodListPrompts   = "prompts/list"
	methodGetPrompt     = "prompts/get"
	methodComplete      = "completion/complete"
	methodElicit        = "elicitation/create"
	methodCreateMessage = "sampling/createMessage"
	methodListRoots     = "roots/list"
	methodAcknowledged  = "notifications/subscriptions/acknowledged"
	methodCancelled     = "notifications/cancelled"
)

// outgoing is a message of the SDK's, still encoded where it can be.
type outgoing struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`

	body  []byte
	sdkID json.RawMessage // by which the SDK knows it; nil for ID
}

// answerID is the id of the answer that the SDK gets.
func (o *outgoing) answerID() json.RawMessage {
	if o.sdkID != nil {
		return o.sdkID
	}
	return o.ID
}

func (o *outgoing) isCall() bool { return o.Method != "" && len(o.ID) > 0 }

// bytes returns the message as it goes over the network.
func (o *outgoing) bytes() []byte {
	if o.body == nil {
		// Marshalling raw parts that were decoded from JSON cannot fail.
		o.body, _ = json.Marshal(o)
	}
	return o.body
}

func parseOutgoing(body []byte) (*outgoing, error) {
	var o outgoing
	if err := decode(body, &o); err != nil {
		return nil, fmt.Errorf("exchange: not a JSON-RPC message: %w", err)
	}
	o.body = body
	return &o, nil
}

// incoming is a message of the server's.
type incoming struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
	Result  json.RawMessage `json:"result"`
	Error   json.RawMessage `json:"error"`

	// parts are those of a result that may ask for input, if they were found on the way.
	parts *inputResult
}

// rpcError is the error member of an answer.
type rpcError struct {
	Code    int64           `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data,omitempty"`
}

var errNotJSONRPC = errors.New("not a JSON-RPC 2.0 message")

// parseIncoming decodes one message within the depth allowed. The raw parts
// alias data.
func parseIncoming(data []byte, maxDepth int) (*incoming, error) {
	m, err := splitIncoming(data, maxDepth)
	if errors.Is(err, errNotJSON) {
		m, err = decodeIncoming(data, maxDepth)
	}
	if err != nil {
		return nil, err
	}
	if m.JSONRPC != "2.0" || (m.Method == "" && m.Result == nil && m.Error == nil) {
		return nil, errNotJSONRPC
	}
	if isNull(m.ID) {
		m.ID = nil
	}
	return m, nil
}

// decodeIncoming is the way for any message.
func decodeIncoming(data []byte, maxDepth int) (*incoming, error) {
	if err := checkDepth(data, maxDepth); err != nil {
		return nil, err
	}
	m := new(incoming)
	return m, decode(data, m)
}

// splitIncoming is the quick way, for a message like nearly all. Of any other it
// says errNotJSON.
func splitIncoming(data []byte, maxDepth int) (*incoming, error) {
	m := new(incoming)
	c := checker{data: data}
	plain := true
	var parts inputParts
	within := func(key []byte) taker {
		if string(key) != "result" {
			return nil
		}
		parts = inputParts{}
		return parts.take
	}
	err := c.members(maxDepth, within, func(key, value []byte) {
		switch string(key) {
		case "jsonrpc":
			m.JSONRPC = plainString(value, &plain)
		case "id":
			m.ID = value
		case "method":
			m.Method = plainString(value, &plain)
		case "params":
			m.Params = value
		case "result":
			m.Result, m.parts = value, nil
			if firstByte(value) == '{' && !parts.escaped {
				m.parts = &parts.inputResult
			}
		case "error":
			m.Error = value
		default:
			plain = plain && bytes.IndexByte(key, '\\') < 0
		}
	})
	if err == nil && (!plain || !c.ended()) {
		err = errNotJSON
	}
	return m, err
}

// plainString returns what a value says that is a string of printable ASCII
// without escapes; of any other it notes that it is not.
func plainString(value []byte, plain *bool) string {
	for _, b := range value {
		if b < ' ' || b > '~' || b == '\\' {
			*plain = false
		}
	}
	if len(value) < 2 || value[0] != '"' {
		*plain = false
		return ""
	}
	return string(value[1 : len(value)-1])
}

// isAnswer reports whether m answers a request.
func (m *incoming) isAnswer() bool { return m.Method == "" }

// isRequest reports whether m asks for an answer.
func (m *incoming) isRequest() bool { return m.Method != "" && m.ID != nil }

// decode reads data, all of it, into v: names are matched exactly, raw parts
// alias data. It is the decoder that the SDK uses, without its copy of the
// input.
func decode(data []byte, v any) error {
	rest, err := fastjson.Parse(data, v, fastjson.DontMatchCaseInsensitiveStructFields|fastjson.DontCopyRawMessage)
	if err != nil {
		return err
	}
	if len(bytes.TrimLeft(rest, " \t\r\n")) > 0 {
		return errors.New("more follows after the JSON value")
	}
	return nil
}

func isNull(raw json.RawMessage) bool { return string(raw) == "null" }

// firstByte returns the first byte of a decoded raw value, which says its type,
// or 0.
func firstByte(raw json.RawMessage) byte {
	if len(raw) == 0 {
		return 0
	}
	return raw[0]
}
