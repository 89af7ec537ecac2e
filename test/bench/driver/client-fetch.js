// fetch alone: the one request that a call is, written and read by hand. It is what
// any client on fetch is built upon, and checks nothing.

const protocol = "2026-07-28";
const meta = {
  "io.modelcontextprotocol/protocolVersion": protocol,
  "io.modelcontextprotocol/clientInfo": { name: "bench", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": {},
};

export async function bare(url) {
  let id = 0;
  return {
    async text(bytes) {
      const response = await fetch(url, {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          Accept: "application/json, text/event-stream",
          "MCP-Protocol-Version": protocol,
          "Mcp-Method": "tools/call",
          "Mcp-Name": "text",
        },
        body: JSON.stringify({
          jsonrpc: "2.0",
          id: ++id,
          method: "tools/call",
          params: { name: "text", arguments: { bytes }, _meta: meta },
        }),
      });
      const stream = await response.text();
      const { result } = JSON.parse(stream.slice(stream.indexOf("data: ") + 6));
      return result.content[0].text.length;
    },
  };
}
