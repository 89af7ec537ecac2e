// What a server says that it can do.

import type { Client } from "remora-mcp";

/** What the server says of one capability, or undefined if it does not have it. */
export function capability(client: Client, name: string): Record<string, unknown> | undefined {
  const said = client.capabilities?.[name];
  return typeof said === "object" && said !== null ? (said as Record<string, unknown>) : undefined;
}
