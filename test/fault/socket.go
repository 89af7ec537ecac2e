package fault

import (
	"context"
	"net/http"

	"github.com/coder/websocket"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// SocketHandler serves server to WebSockets of the subprotocol mcp, each with a
// session of its own, until life ends.
func SocketHandler(life context.Context, server *mcp.Server) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"mcp"}})
		if err != nil {
			return // it has answered
		}
		defer func() { _ = conn.CloseNow() }()
		conn.SetReadLimit(-1)
		_ = server.Run(life, socketTransport{conn}) // until the far side closes, or life ends
	})
}

// isSocket reports whether a request opens a WebSocket.
func isSocket(r *http.Request) bool { return r.Header.Get("Sec-WebSocket-Key") != "" }

// socketTransport is an mcp.Transport on one WebSocket, and its own connection.
type socketTransport struct{ conn *websocket.Conn }

func (t socketTransport) Connect(context.Context) (mcp.Connection, error) { return t, nil }

func (t socketTransport) SessionID() string { return "" }

func (t socketTransport) Read(ctx context.Context) (jsonrpc.Message, error) {
	_, data, err := t.conn.Read(ctx)
	if err != nil {
		return nil, err
	}
	return jsonrpc.DecodeMessage(data)
}

func (t socketTransport) Write(ctx context.Context, m jsonrpc.Message) error {
	data, err := jsonrpc.EncodeMessage(m)
	if err != nil {
		return err
	}
	return t.conn.Write(ctx, websocket.MessageText, data)
}

func (t socketTransport) Close() error { return t.conn.Close(websocket.StatusNormalClosure, "") }
