package demoserver

import (
	"context"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// The resources' URIs.
const (
	aboutURI         = "demo://about"
	pictureURI       = "demo://picture"
	clockURI         = "demo://clock"
	greetingTemplate = "demo://greeting/{name}"
	greetingPrefix   = "demo://greeting/"
)

const (
	// clockStep is how often the clock changes.
	clockStep = time.Second
	// aboutTTLMs is how long clients may keep what does not change, in
	// milliseconds (2026-07-28).
	aboutTTLMs = 60_000
	// pictureResourceSize is the width and height of the picture, in pixels.
	pictureResourceSize = 128
)

const about = `# The demo server

It has tools to call, resources to read, one of which changes, and prompts whose
arguments can be completed.
`

// addResources registers every resource of the demo server. The clock changes
// until ctx ends, and whoever is subscribed to it is told.
func addResources(ctx context.Context, s *mcp.Server) {
	s.AddResource(&mcp.Resource{
		URI: aboutURI, Name: "about", Title: "About this server", MIMEType: "text/markdown",
		Description: "What there is to try.", Size: int64(len(about)),
	}, holds(&mcp.ResourceContents{MIMEType: "text/markdown", Text: about}))
	file, err := encodePicture(pictureResourceSize, "green")
	if err != nil {
		panic(err) // always the same picture
	}
	s.AddResource(&mcp.Resource{
		URI: pictureURI, Name: "picture", Title: "A picture", MIMEType: "image/png",
		Description: "Green waves.", Size: int64(len(file)),
	}, holds(&mcp.ResourceContents{MIMEType: "image/png", Blob: file}))
	s.AddResource(&mcp.Resource{
		URI: clockURI, Name: "clock", Title: "The time", MIMEType: "text/plain",
		Description: "The server's time. It changes every second; subscribe to be told.",
	}, func(context.Context, *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
		return contents(&mcp.ResourceContents{URI: clockURI, MIMEType: "text/plain", Text: time.Now().UTC().Format(time.RFC3339)}), nil
	})
	s.AddResourceTemplate(&mcp.ResourceTemplate{
		URITemplate: greetingTemplate, Name: "greeting", Title: "A greeting", MIMEType: "text/plain",
		Description: "A greeting for somebody.",
	}, func(_ context.Context, req *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
		name := strings.TrimPrefix(req.Params.URI, greetingPrefix)
		return contents(&mcp.ResourceContents{URI: req.Params.URI, MIMEType: "text/plain", Text: "Hello, " + name + "."}), nil
	})
	go func() {
		ticker := time.NewTicker(clockStep)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				_ = s.ResourceUpdated(ctx, &mcp.ResourceUpdatedNotificationParams{URI: clockURI}) // nobody may be there
			}
		}
	}()
}

// holds is a resource that is always the same.
func holds(c *mcp.ResourceContents) mcp.ResourceHandler {
	return func(_ context.Context, req *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
		c := *c
		c.URI = req.Params.URI
		result := contents(&c)
		result.TTLMs = aboutTTLMs
		return result, nil
	}
}

func contents(c *mcp.ResourceContents) *mcp.ReadResourceResult {
	return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{c}}
}

// Every resource may be subscribed to; only the clock changes.
func subscribe(context.Context, *mcp.SubscribeRequest) error     { return nil }
func unsubscribe(context.Context, *mcp.UnsubscribeRequest) error { return nil }
