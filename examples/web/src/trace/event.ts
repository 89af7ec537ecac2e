// An event of a trace: what went over the wire.

/** A JSON-RPC message, or a part of an HTTP exchange. */
export interface TraceEvent {
  /** When, in milliseconds since the epoch. */
  at: number;
  /** request, response, end: HTTP. sent, received: JSON-RPC. dropped: what nobody waited for. */
  type: TraceType;
  /** Which HTTP exchange, counted from 1. */
  exchange?: number;
  /** Which call of the client. */
  call?: number;
  method?: string;
  url?: string;
  status?: number;
  headers?: [string, string][];
  bytes?: number;
  error?: string;
  reason?: string;
  /** The message, without secrets. */
  message?: object;
  /** Set where the message was too large to be kept whole. */
  truncated?: boolean;
}

export const traceTypes = ["request", "response", "end", "sent", "received", "dropped"] as const;

export type TraceType = (typeof traceTypes)[number];

/** Whether it is of HTTP, and not of MCP. */
export function isHttp({ type }: TraceEvent): boolean {
  return type === "request" || type === "response" || type === "end";
}
