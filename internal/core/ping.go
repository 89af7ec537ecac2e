package core

import "context"

// ping makes the server answer.
func (s *session) ping(cl *call) ([]byte, error) {
	_, err := s.do(cl, func(ctx context.Context, cn *conn) error {
		if !cn.modern() {
			return cn.sdk.Ping(ctx, nil)
		}
		// 2026-07-28 has no ping; what every server answers is server/discover.
		if err := cn.transport.Probe(ctx, s.params.URL); err != nil {
			return err
		}
		if err := cl.exchange.Err(); err != nil {
			return err
		}
		return nil
	})
	return emptyResult, err
}
