package host

import "github.com/remora-mcp/remora/internal/wire"

// capabilities are what the handlers take, as they cross the boundary.
func (o *ConnectOptions) capabilities() wire.ClientCapabilities {
	var out wire.ClientCapabilities
	if o.Handlers.SampleWithTools != nil {
		out.Sampling = &wire.SamplingCapability{Tools: &wire.Empty{}}
	}
	if o.Capabilities == nil {
		return out
	}
	if said := o.Capabilities.Elicitation; said != nil {
		out.Elicitation = &wire.ElicitationCapability{Form: set(said.Form), URL: set(said.URL)}
	}
	//lint:ignore SA1019 sampling is deprecated as of 2026-07-28 and part of every revision
	if said := o.Capabilities.Sampling; said != nil {
		tools := set(said.Tools)
		if out.Sampling != nil {
			tools = out.Sampling.Tools
		}
		out.Sampling = &wire.SamplingCapability{Tools: tools, Context: set(said.Context)}
	}
	return out
}

// set returns what stands for a capability that is there.
func set[T any](capability *T) *wire.Empty {
	if capability == nil {
		return nil
	}
	return &wire.Empty{}
}
