// The TypeScript SDK, version 2.

import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

export async function sdk(url) {
  const client = new Client({ name: "bench", version: "1" }, { versionNegotiation: { mode: "auto" } });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  const version = client.getNegotiatedProtocolVersion();
  if (version !== "2026-07-28") throw new Error(`the SDK speaks ${version}`);
  return {
    async text(bytes) {
      const result = await client.callTool({ name: "text", arguments: { bytes } });
      return result.content[0].text.length;
    },
    async list() {
      return (await client.listTools()).tools.length;
    },
    // Waits for all events: they may come after the result.
    async progress(steps) {
      let seen = 0;
      let all;
      const complete = new Promise((resolve) => {
        all = resolve;
      });
      const onprogress = () => ++seen === steps && all();
      await client.callTool({ name: "progress", arguments: { steps } }, { onprogress });
      await complete;
      return seen;
    },
  };
}
