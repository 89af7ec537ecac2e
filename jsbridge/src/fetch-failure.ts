// What a failed fetch means. fetch itself says "Failed to fetch" and no more.

import { hostClass } from "./addresses.js";
import { wireError } from "./errors.js";
import type { WireError } from "./generated/wire.js";
import type { FetchLike } from "./http.js";

// Node's and Bun's codes of a connection that was never made.
const neverConnected =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ConnectionRefused|UND_ERR_CONNECT_TIMEOUT)$/;

const allowedHeaders =
  "Content-Type, Accept, Authorization, Mcp-Session-Id, Mcp-Protocol-Version, Mcp-Method, Mcp-Name, Last-Event-ID";
const exposedHeaders = "Mcp-Session-Id, WWW-Authenticate";

/**
 * Says why a fetch failed. In a browser it asks the server once more, without
 * credentials and without looking at the answer, to tell a server that is down
 * from one that does not let this page see its answers.
 */
export async function fetchFailure(
  error: unknown,
  url: URL,
  answered: boolean,
  fetchLike: FetchLike,
): Promise<WireError> {
  if (answered) return wireError("http/network", `the connection to ${url.origin} ended in mid-answer`, "unknown");
  const page = pageOrigin();
  if (page === undefined) {
    const code = causeCode(error);
    const never = code !== undefined && neverConnected.test(code);
    const what = never ? `no connection to ${url.origin}` : `the request to ${url.origin} failed`;
    return wireError("http/network", code === undefined ? what : `${what} (${code})`, never ? "no" : "unknown");
  }
  if (page.startsWith("https:") && url.protocol === "http:" && hostClass(url.hostname) !== "loopback") {
    const message = `mixed content: a page on https may not reach ${url.origin}, which is on http`;
    return wireError("http/network", message, "no");
  }
  if (page !== url.origin && (await answers(url, fetchLike))) {
    return wireError(
      "http/cors",
      `the server at ${url.origin} does not let ${page} see its answers. It must send ` +
        `Access-Control-Allow-Origin: ${page}, ` +
        `Access-Control-Allow-Methods: GET, POST, DELETE, ` +
        `Access-Control-Allow-Headers: ${allowedHeaders} and any header that the application adds, ` +
        `Access-Control-Expose-Headers: ${exposedHeaders}`,
      "unknown",
    );
  }
  return wireError(
    "http/network",
    `no answer from ${url.origin}: it cannot be reached, or the page's Content-Security-Policy (connect-src) forbids it`,
    "unknown",
  );
}

// The path without the query, and no body: whatever comes back, somebody is there.
async function answers(url: URL, fetchLike: FetchLike): Promise<boolean> {
  try {
    await fetchLike(url.origin + url.pathname, { method: "HEAD", mode: "no-cors", credentials: "omit" });
    return true;
  } catch {
    return false;
  }
}

function pageOrigin(): string | undefined {
  const scope: { location?: { origin?: unknown }; origin?: unknown } = globalThis;
  const origin = scope.location?.origin ?? scope.origin;
  return scope.location !== undefined && typeof origin === "string" ? origin : undefined;
}

function causeCode(error: unknown): string | undefined {
  for (let at = error, depth = 0; typeof at === "object" && at !== null && depth < 4; depth++) {
    if ("code" in at && typeof at.code === "string" && /^\w{1,64}$/.test(at.code)) return at.code;
    at = "cause" in at ? at.cause : undefined;
  }
  return undefined;
}
