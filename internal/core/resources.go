package core

import (
	"context"
	"slices"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/exchange"
	"github.com/remora-mcp/remora/internal/wire"
)

// listResources lists one page of resources.
func (s *session) listResources(cl *call) ([]byte, error) {
	return s.page(cl, methodListResources, func(ctx context.Context, cn *conn, meta mcp.Meta, cursor string) error {
		_, err := cn.sdk.ListResources(ctx, &mcp.ListResourcesParams{Meta: meta, Cursor: cursor})
		return err
	})
}

// listResourceTemplates lists one page of resource templates.
func (s *session) listResourceTemplates(cl *call) ([]byte, error) {
	return s.page(cl, methodListTemplates, func(ctx context.Context, cn *conn, meta mcp.Meta, cursor string) error {
		_, err := cn.sdk.ListResourceTemplates(ctx, &mcp.ListResourceTemplatesParams{Meta: meta, Cursor: cursor})
		return err
	})
}

// readResource reads a resource.
func (s *session) readResource(cl *call) ([]byte, error) {
	var params wire.ReadResource
	if err := readParams(cl, &params); err != nil {
		return nil, err
	}
	if params.URI == "" {
		return nil, badArgument("a resource's URI is missing")
	}
	meta, err := s.requestMeta(cl, params.Meta)
	if err != nil {
		return nil, err
	}
	return s.cached(cl, methodReadResource, params.URI, params.Meta, func() ([]byte, error) {
		return s.do(cl, func(ctx context.Context, cn *conn) error {
			_, err := cn.sdk.ReadResource(ctx, &mcp.ReadResourceParams{Meta: meta, URI: params.URI})
			return err
		})
	})
}

// maxSubscriptions bounds the resources that a session is subscribed to, which
// are all named in one request on 2026-07-28.
const maxSubscriptions = 1024

// subscribeResource subscribes to a resource. The stream on which the server
// tells of changes stands first.
func (s *session) subscribeResource(cl *call) ([]byte, error) {
	var params wire.SubscribeResource
	if err := readParams(cl, &params); err != nil {
		return nil, err
	}
	if params.URI == "" {
		return nil, badArgument("a resource's URI is missing")
	}
	// One at a time: what the server says to one is not about another.
	select {
	case s.subscribing <- struct{}{}:
		defer func() { <-s.subscribing }()
	case <-cl.ctx.Done():
		return nil, context.Cause(cl.ctx)
	}
	s.speak() // the stream for it is the call
	had := s.subscribed(params.URI)
	if err := s.addSubscription(params.URI); err != nil {
		return nil, err
	}
	err := s.subscribe(cl, params.URI)
	if err != nil && !had {
		s.removeSubscription(params.URI)
	}
	return emptyResult, err
}

// subscribe says to the server what addSubscription has noted.
func (s *session) subscribe(cl *call, uri string) error {
	stop := context.AfterFunc(s.ctx, func() { cl.cancel(context.Cause(s.ctx)) })
	defer stop()
	if !s.current().modern() {
		s.awaitStanding(cl.ctx, s.standingNow().Settled)
		_, err := s.do(cl, func(ctx context.Context, cn *conn) error {
			return cn.sdk.Subscribe(ctx, &mcp.SubscribeParams{URI: uri})
		})
		return err
	}
	for {
		standing := s.standingNow()
		select {
		case <-standing.Settled:
		case <-cl.ctx.Done():
			return context.Cause(cl.ctx)
		}
		switch {
		case standing != s.standingNow(): // somebody began or stopped to listen
			continue
		case standing.Err() != nil:
			return standing.Err()
		case !slices.Contains(standing.Granted(), uri):
			err := newError(wire.CodeLocalUnsupported, "the server does not tell of changes of this resource")
			err.Sent = wire.SentYes
			return err
		}
		return nil
	}
}

// unsubscribeResource ends a subscription.
func (s *session) unsubscribeResource(cl *call) ([]byte, error) {
	var params wire.UnsubscribeResource
	if err := readParams(cl, &params); err != nil {
		return nil, err
	}
	if params.URI == "" {
		return nil, badArgument("a resource's URI is missing")
	}
	var err error
	if !s.current().modern() {
		_, err = s.do(cl, func(ctx context.Context, cn *conn) error {
			return cn.sdk.Unsubscribe(ctx, &mcp.UnsubscribeParams{URI: params.URI})
		})
	}
	s.removeSubscription(params.URI)
	return emptyResult, err
}

func (s *session) subscribed(uri string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.subscriptions, uri)
}

// addSubscription notes a subscription and opens the stream for it.
func (s *session) addSubscription(uri string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, found := slices.BinarySearch(s.subscriptions, uri)
	if found {
		return nil
	}
	if len(s.subscriptions) >= maxSubscriptions {
		return newError(wire.CodeLocalTooLarge, "more than %d subscriptions", maxSubscriptions)
	}
	s.subscriptions = slices.Insert(slices.Clone(s.subscriptions), at, uri)
	s.listenLocked()
	return nil
}

func (s *session) removeSubscription(uri string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, found := slices.BinarySearch(s.subscriptions, uri)
	if !found {
		return
	}
	s.subscriptions = slices.Delete(slices.Clone(s.subscriptions), at, at+1)
	s.listenLocked()
}

// restore tells a connection what its session stands for: the level of logging,
// and before 2026-07-28 the subscriptions. What the server refuses is counted
// and left out. An error means that the connection is lost again.
func (s *session) restore(ctx context.Context, cn *conn) error {
	if cn.modern() || cn.restored.Load() {
		return nil // each request says it, or it has been said
	}
	s.mu.Lock()
	level, subscriptions := s.logLevel, s.subscriptions
	s.mu.Unlock()
	heard := new(exchange.Call) // what it meets is not the call's
	ctx = exchange.WithCall(ctx, heard)
	if level != "" && cn.logs() {
		//lint:ignore SA1019 see setLoggingLevel
		if err := cn.sdk.SetLoggingLevel(ctx, &mcp.SetLoggingLevelParams{Level: mcp.LoggingLevel(level)}); err != nil {
			_ = cn.transport.Explain(ctx, err)
			if failure := heard.Err(); passing(failure) {
				return failure
			}
			s.core.drop("the level of logging, which the server did not take again")
		}
	}
	for _, uri := range subscriptions {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := cn.sdk.Subscribe(ctx, &mcp.SubscribeParams{URI: uri}); err != nil {
			_ = cn.transport.Explain(ctx, err)
			if failure := heard.Err(); passing(failure) {
				return failure
			}
			s.core.drop("a subscription that the server did not take again")
			s.removeSubscription(uri)
		}
	}
	cn.restored.Store(true)
	return nil
}
