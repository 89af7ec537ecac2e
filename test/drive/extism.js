// The npm package over an Extism SDK, in the form of its main entry.

/** Returns the exports of remora-mcp/extism with a connect that needs no createPlugin of its caller. */
export function overExtism(remora, { createPlugin }) {
  return { ...remora, connect: (url, options) => remora.connect(url, { ...options, createPlugin }) };
}
