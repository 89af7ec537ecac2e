package oauth

import (
	"context"
	"encoding/json"
	"time"

	"github.com/remora-mcp/remora/internal/wire"
)

// storeTime bounds the wait for the application's store.
const storeTime = 30 * time.Second

// ask asks the application for something that no person has to do, within time.
func (c *Client) ask(ctx context.Context, kind string, limit time.Duration, params, answer any) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := c.cfg.Clock.AfterFunc(limit, func() {
		cancel(failure(wire.CodeLocalTimeout, "the application left the question %s unanswered for %s", kind, limit.String()))
	})
	defer timer.Stop()
	err := c.cfg.Ask(ctx, kind, params, answer)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// store asks the application's store, or the memory of the Client if there is
// none.
func (c *Client) store(ctx context.Context, op *wire.Store) (stored wire.Stored, err error) {
	if c.cfg.Answers("store") {
		err = c.ask(ctx, "store", storeTime, op, &stored)
		if err == nil && stored.Value != nil && len(*stored.Value) > wire.MaxStoreValueBytes {
			stored.Value = nil
		}
		return stored, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	was, there := c.memory[op.Key]
	switch op.Op {
	case wire.StoreGet:
		if there {
			stored.Value = &was
		}
	case wire.StoreSwap:
		stored.Swapped = there == (op.Was != nil) && (!there || was == *op.Was)
		switch {
		case !stored.Swapped:
		case op.Value == nil:
			delete(c.memory, op.Key)
		default:
			c.memory[op.Key] = *op.Value
		}
	case wire.StoreDelete:
		delete(c.memory, op.Key)
	}
	return stored, nil
}

// load reads the record. raw is the entry as it is, nil if there is none; an
// entry that is no record counts as an empty one.
func (c *Client) load(ctx context.Context) (raw *string, rec *record, err error) {
	stored, err := c.store(ctx, &wire.Store{Op: wire.StoreGet, Key: c.key})
	if err == nil && stored.Value != nil {
		rec = parseRecord([]byte(*stored.Value))
	}
	if rec == nil {
		rec = new(record)
	}
	return stored.Value, rec, err
}

// swap replaces an entry by a record if it is as expected. It returns the entry
// as it then is.
func (c *Client) swap(ctx context.Context, was *string, rec *record) (now *string, done bool, err error) {
	rec.Version = recordVersion
	raw, err := json.Marshal(rec)
	if err != nil {
		return nil, false, err
	}
	if len(raw) > wire.MaxStoreValueBytes {
		return nil, false, failure(wire.CodeLocalTooLarge, "the credentials are larger than 64 KB")
	}
	value := string(raw)
	stored, err := c.store(ctx, &wire.Store{Op: wire.StoreSwap, Key: c.key, Value: &value, Was: was})
	return &value, stored.Swapped, err
}

// remove deletes an entry if it is as expected.
func (c *Client) remove(ctx context.Context, key string, was *string) (bool, error) {
	stored, err := c.store(ctx, &wire.Store{Op: wire.StoreSwap, Key: key, Was: was})
	return stored.Swapped, err
}
