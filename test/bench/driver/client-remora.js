// The npm package, or whatever has its connect.

/**
 * @param {(url: string, options: object) => Promise<object>} connect
 * @param {object} options of each session
 */
export function remora(connect, options = {}) {
  return async (url) => {
    const client = await connect(url, { clientInfo: { name: "bench", version: "1" }, ...options });
    return {
      async text(bytes) {
        const result = await client.callTool({ name: "text", arguments: { bytes } });
        return result.content[0].text.length;
      },
      async list() {
        return (await client.listTools()).tools.length;
      },
      async progress(steps) {
        let seen = 0;
        await client.callTool({ name: "progress", arguments: { steps } }, { onprogress: () => seen++ });
        return seen;
      },
      async guest() {
        const { memoryBytes, heapBytes } = await client.stats();
        return { guestBytes: memoryBytes, guestHeapBytes: heapBytes };
      },
    };
  };
}
