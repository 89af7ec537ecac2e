// Events of a trace: what went over the wire. Type and masking are the package's.

import type { Trace, TraceType } from "remora-mcp";

export type TraceEvent = Trace;

const names: { [T in TraceType]: "http" | "mcp" } = {
  request: "http",
  response: "http",
  end: "http",
  sent: "mcp",
  received: "mcp",
  dropped: "mcp",
};

export const traceTypes = Object.keys(names) as TraceType[];

/** Whether it is of HTTP, and not of MCP. */
export function isHttp({ type }: TraceEvent): boolean {
  return names[type] === "http";
}
