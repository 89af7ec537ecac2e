// Trace files: JSON Lines, a header and then one event a line.

import { type TraceEvent, traceTypes } from "./event.js";

const header = { remora: "trace", version: 1 };

// What the page can show without stalling.
const maxBytes = 64 * 1024 * 1024;
const maxEvents = 100_000;

/** The file's text. */
export function writeTrace(events: readonly TraceEvent[]): string {
  return [{ ...header, created: new Date().toISOString() }, ...events]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join("");
}

/** Reads a file. Rejects with an Error that says what is wrong with it. */
export async function readTrace(file: Blob): Promise<TraceEvent[]> {
  if (file.size > maxBytes) throw new Error("the file is larger than 64 MiB");
  const [first = "", ...lines] = (await file.text()).split(/\r?\n/);
  if (!isHeader(parse(first))) throw new Error("this is not a trace of remora");
  const events: TraceEvent[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.trim() === "") continue;
    const event = parse(line);
    if (!isEvent(event)) throw new Error(`line ${index + 2} is not an event`);
    if (events.push(event) > maxEvents) throw new Error(`the file has more than ${maxEvents} events`);
  }
  return events;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isHeader(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { remora, version } = value as Partial<typeof header>;
  return remora === header.remora && version === header.version;
}

// What comes from a file can be anything: only what is shown must have its type.
const fields: { [K in keyof TraceEvent]-?: (value: unknown) => boolean } = {
  at: (value) => typeof value === "number" && Number.isFinite(value),
  type: (value) => traceTypes.some((type) => type === value),
  exchange: isNumber,
  call: isNumber,
  purpose: isText,
  method: isText,
  url: isText,
  status: isNumber,
  headers: (value) =>
    value === undefined ||
    (Array.isArray(value) &&
      value.every(
        (pair) => Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === "string"),
      )),
  bytes: isNumber,
  error: isText,
  reason: isText,
  message: (value) => value === undefined || (typeof value === "object" && value !== null),
  truncated: (value) => value === undefined || typeof value === "boolean",
};

function isEvent(value: unknown): value is TraceEvent {
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(fields).every(([name, right]) => right((value as Record<string, unknown>)[name]));
}

function isNumber(value: unknown): boolean {
  return value === undefined || typeof value === "number";
}

function isText(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}
