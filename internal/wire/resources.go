package wire

import "encoding/json"

// ListResources holds the parameters of the listResources command: one page
// (resources/list; specification 2025-11-25 and 2026-07-28, server/resources).
type ListResources struct {
	// Cursor is the nextCursor of the page before; absent for the first.
	Cursor string `json:"cursor,omitempty"`
	// Meta is the request's _meta.
	Meta json.RawMessage `json:"_meta,omitempty"`
}

// ListResourceTemplates holds the parameters of the listResourceTemplates
// command: one page (resources/templates/list; specification 2025-11-25 and
// 2026-07-28, server/resources).
type ListResourceTemplates struct {
	// Cursor is the nextCursor of the page before; absent for the first.
	Cursor string `json:"cursor,omitempty"`
	// Meta is the request's _meta.
	Meta json.RawMessage `json:"_meta,omitempty"`
}

// ReadResource holds the parameters of the readResource command (resources/read;
// specification 2025-11-25 and 2026-07-28, server/resources).
type ReadResource struct {
	// URI names the resource.
	URI string `json:"uri"`
	// Meta is the request's _meta. A progressToken in it is replaced.
	Meta json.RawMessage `json:"_meta,omitempty"`
}

// SubscribeResource holds the parameters of the subscribeResource command
// (resources/subscribe in 2025-11-25, server/resources; a resource of
// subscriptions/listen in 2026-07-28).
type SubscribeResource struct {
	// URI names the resource.
	URI string `json:"uri"`
}

// UnsubscribeResource holds the parameters of the unsubscribeResource command.
type UnsubscribeResource struct {
	// URI names the resource.
	URI string `json:"uri"`
}

// ResourceUpdated is the data of the resourceUpdated event:
// notifications/resources/updated, as the server sent it (specification
// 2025-11-25 and 2026-07-28, server/resources).
type ResourceUpdated struct {
	// URI names the resource that changed, which may be a part of one that was
	// subscribed to.
	URI string `json:"uri"`
}

// ResourcesChanged is the data of the resourcesChanged event: none.
type ResourcesChanged struct{}
