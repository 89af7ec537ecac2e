// The URL by which a person comes back from an authorization server.

import { RemoraError } from "./errors.js";

// What an authorization server adds to the redirect URL (RFC 6749, section 4.1.2; RFC 9207).
const answerNames = ["code", "state", "iss", "error", "error_description", "error_uri"];

/** What ties an answer to its question; undefined in a URL that has none. */
export function stateOf(url: URL): string | undefined {
  return url.searchParams.get("state") ?? undefined;
}

/** Whether a URL holds an answer, to the question of this state if one is given. */
export function hasAnswer(url: URL, state?: string): boolean {
  const { searchParams } = url;
  if (!searchParams.has("code") && !searchParams.has("error")) return false;
  return state === undefined ? searchParams.has("state") : stateOf(url) === state;
}

/** The URL without the answer. */
export function withoutAnswer(url: URL): URL {
  const rest = new URL(url);
  for (const name of answerNames) rest.searchParams.delete(name);
  return rest;
}

/** The error of a login that did not come to an answer. */
export function denied(message: string): RemoraError {
  return new RemoraError("auth/denied", message, { retryable: false });
}

/** The error of a place that lacks something. */
export function unsupported(message: string): RemoraError {
  return new RemoraError("local/unsupported", message, { retryable: false });
}
