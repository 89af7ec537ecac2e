// The trace: what the core tells of the network, with what only this side
// knows. The core has masked it, but it never saw the application's own headers
// and token: that they are sent is added here, and a server that echoes them
// does not bring them into the trace.

import type { Trace } from "./generated/wire.js";
import type { SessionPolicy } from "./policy.js";
import type { HeaderPair } from "./port.js";

const masked = "(masked)";

// Shorter values are too common to be looked for.
const minSecretLength = 6;

/** What a session's credentials tell its trace. */
export interface TraceCredentials {
  /** The headers that are added to requests to the session's own origin; no value is a secret. */
  traceHeaders(): readonly HeaderPair[];
  /** The values that were given to requests so far. */
  secrets(): Iterable<string>;
}

/** Completes a trace event for whoever listens. */
export function completeTrace(event: Trace, policy: SessionPolicy, credentials: TraceCredentials): Trace {
  const out = withoutSecrets(event, credentials.secrets()) as Trace;
  if (out.type !== "request" || out.url === undefined || out.purpose !== undefined || !isOwn(out.url, policy))
    return out;
  const added = credentials.traceHeaders();
  const names = new Set(added.map(([name]) => name.toLowerCase()));
  const headers = (out.headers ?? []).filter(([name]) => !names.has(name.toLowerCase()));
  return { ...out, headers: [...headers, ...added.map(([name, value]): [string, string] => [name, value])] };
}

/** The headers of a trace for those that are really added. */
export function maskHeaders(headers: readonly HeaderPair[]): HeaderPair[] {
  return headers.map(([name]): HeaderPair => [name.toLowerCase(), masked]);
}

/** The parts of a header's value that are secret by themselves: the whole, and what stands behind a scheme. */
export function secretParts(value: string): string[] {
  return [value, ...value.split(/[\s;,]+/), ...value.split(/[\s;,=]+/)].filter(
    (part) => part.length >= minSecretLength && part.toLowerCase() !== "bearer",
  );
}

function isOwn(url: string, policy: SessionPolicy): boolean {
  try {
    return policy.isOwn(new URL(url));
  } catch {
    return false;
  }
}

function withoutSecrets(event: Trace, secrets: Iterable<string>): unknown {
  const forms = new Set<string>();
  for (const secret of secrets) for (const form of secretForms(secret)) forms.add(form);
  if (forms.size === 0) return event;
  const sorted = [...forms].sort((a, b) => b.length - a.length);
  const text = JSON.stringify(event);
  if (!sorted.some((form) => text.includes(quoted(form)))) return event;
  const clean = (text: string) => sorted.reduce((all, form) => all.replaceAll(form, masked), text);
  return walk(event, clean);
}

function walk(value: unknown, clean: (text: string) => string): unknown {
  if (typeof value === "string") return clean(value);
  if (Array.isArray(value)) return value.map((item) => walk(item, clean));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [clean(key), walk(member, clean)]));
}

const encoder = new TextEncoder();

// As a server may write it: as it is, for a URL, inside of JSON, in hexadecimal,
// in base64 at each place modulo 3, without what its neighbours have a part in.
function secretForms(secret: string): string[] {
  const forms = [secret, encodeURIComponent(secret), quoted(secret)];
  const bytes = [...encoder.encode(secret)];
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  forms.push(hex, hex.toUpperCase());
  for (const [offset, from] of [
    [0, 0],
    [1, 2],
    [2, 3],
  ] as const) {
    const all = String.fromCharCode(...new Array<number>(offset).fill(0), ...bytes);
    const core = btoa(all).slice(from, Math.floor((all.length * 8) / 6));
    if (core.length >= minSecretLength) forms.push(core, core.replaceAll("+", "-").replaceAll("/", "_"));
  }
  return forms;
}

function quoted(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
