// The trace: what went over the wire, in order.

import { type ChangeEvent, memo, useMemo, useRef, useState } from "react";
import { announce } from "../announce.js";
import { useCell } from "../cell.js";
import { Json } from "../json.js";
import { saveFile } from "../save.js";
import { bytes } from "../sizes.js";
import { isHttp, type TraceEvent } from "./event.js";
import { readTrace, writeTrace } from "./file.js";
import type { TraceLog } from "./log.js";

// The last ones: a list of more stalls the page.
const shownEvents = 500;

/** The panel with the trace; as long as there is none, only a way to open one. */
export function TracePanel({ log }: { log: TraceLog }) {
  const live = useCell(log.live);
  const opened = useCell(log.opened);
  const [filter, setFilter] = useState("");
  const [http, setHttp] = useState(true);
  const [wrong, setWrong] = useState("");
  const file = useRef<HTMLInputElement>(null);
  const trace = opened ?? live;
  const questions = useMemo(() => methods(trace.events), [trace.events]);
  const wanted = filter.trim().toLowerCase();
  const matching = trace.events
    .map((event, index) => ({ event, number: trace.forgotten + index }))
    .filter(
      ({ event }) =>
        (http || !isHttp(event)) && (wanted === "" || JSON.stringify(event).toLowerCase().includes(wanted)),
    );
  const shown = matching.slice(-shownEvents);

  const open = async ({ target }: ChangeEvent<HTMLInputElement>) => {
    const [picked] = target.files ?? [];
    if (picked === undefined) return;
    try {
      const events = await readTrace(picked);
      log.opened.set({ events, forgotten: 0, name: picked.name });
      setWrong("");
      announce(`${picked.name}: ${events.length} events`);
    } catch (error) {
      setWrong(`${picked.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
    target.value = "";
  };
  const save = () => {
    const at = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
    saveFile(new Blob([writeTrace(trace.events)], { type: "application/jsonl" }), `trace-${at}.jsonl`);
  };

  const picker = (
    <>
      <button type="button" className="small" onClick={() => file.current?.click()}>
        Open a saved trace
      </button>
      <input
        ref={file}
        type="file"
        aria-label="Trace file"
        accept=".jsonl,.json,.txt"
        hidden
        onChange={(event) => void open(event)}
      />
    </>
  );
  const problem = wrong !== "" && (
    <p className="failure" role="alert">
      {wrong}
    </p>
  );

  if (trace.events.length === 0 && opened === undefined) {
    return (
      <section className="empty" aria-label="Trace">
        <p>Nothing has gone over the wire yet.</p>
        {picker}
        {problem}
      </section>
    );
  }
  return (
    <section className="card trace" aria-label="Trace">
      <div className="trace-bar">
        <input
          type="search"
          aria-label="Find in the trace"
          placeholder="Find in the trace"
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
        <label className="check">
          <input type="checkbox" checked={http} onChange={(event) => setHttp(event.target.checked)} /> HTTP
        </label>
        <span className="gap" />
        <button type="button" className="small" onClick={save}>
          Save
        </button>
        {picker}
        {opened === undefined ? (
          <button type="button" className="small" onClick={() => log.clear()}>
            Clear
          </button>
        ) : (
          <button type="button" className="small" onClick={() => log.opened.set(undefined)}>
            Back to this session
          </button>
        )}
      </div>
      {problem}
      {opened !== undefined && <p className="note">From the file {opened.name}, not of this session.</p>}
      {trace.forgotten > 0 && <p className="note">{trace.forgotten} older events were let go.</p>}
      {matching.length > shown.length && (
        <p className="note">
          The last {shown.length} of {matching.length}.
        </p>
      )}
      {shown.length === 0 && <p className="empty">Nothing in the trace matches.</p>}
      <ol className="events">
        {shown.map(({ event, number }) => (
          <Event
            key={number}
            event={event}
            start={trace.events[0]?.at ?? event.at}
            question={questions.get(answerKey(event) ?? "")}
          />
        ))}
      </ol>
    </section>
  );
}

const arrows: Record<TraceEvent["type"], string> = {
  request: "→",
  sent: "→",
  response: "←",
  received: "←",
  end: "·",
  dropped: "×",
};

interface EventProps {
  event: TraceEvent;
  start: number;
  /** What it answers, if it is an answer. */
  question: string | undefined;
}

const Event = memo(({ event, start, question }: EventProps) => {
  const { type, at, exchange, message, headers, truncated, bytes: size } = event;
  const http = isHttp(event);
  const facts = (
    <>
      <span className="event-time">{seconds(at - start)}</span>
      <span className={`event-arrow ${type}`} aria-hidden="true">
        {arrows[type]}
      </span>
      <span className="event-type">{type}</span>
      <span className="event-what">{summary(event, question)}</span>
      <span className="event-bytes">{size !== undefined && bytes(size)}</span>
      <span className="event-exchange">{exchange !== undefined && `HTTP ${exchange}`}</span>
    </>
  );
  const more = message !== undefined || (headers !== undefined && headers.length > 0);
  return (
    <li className={http ? "event http" : "event"}>
      {more ? (
        <details>
          <summary>{facts}</summary>
          {truncated === true && <p className="note">The message was too large to be kept whole.</p>}
          {message !== undefined && <Json value={message} name="message.json" />}
          {headers !== undefined && headers.length > 0 && (
            <pre className="text">{headers.map(([name, value]) => `${name}: ${value}`).join("\n")}</pre>
          )}
        </details>
      ) : (
        <div className="event-row">{facts}</div>
      )}
    </li>
  );
});

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(3)} s`;
}

function summary(event: TraceEvent, question: string | undefined): string {
  const { type, method, url, status, error, reason, message } = event;
  const parts: (string | undefined)[] = [];
  if (type === "request") parts.push(method, url);
  else if (type === "response") parts.push(status === undefined ? undefined : `status ${status}`, url);
  else if (type === "sent" || type === "received") parts.push(messageSummary(message, question) ?? method);
  parts.push(error, reason);
  return parts.filter((part) => part !== undefined && part !== "").join(" ");
}

interface Message {
  id?: unknown;
  method?: unknown;
  params?: { name?: unknown };
  error?: unknown;
  result?: unknown;
}

function messageSummary(message: unknown, question: string | undefined): string | undefined {
  const asked = asking(message);
  if (asked !== undefined) return asked;
  const { error, result } = (message ?? {}) as Message;
  const what = error !== undefined ? "error" : result === undefined ? undefined : "result";
  return what === undefined || question === undefined ? what : `${what} of ${question}`;
}

// A request or notification, with the name that it is about.
function asking(message: unknown): string | undefined {
  if (typeof message !== "object" || message === null) return undefined;
  const { method, params } = message as Message;
  if (typeof method !== "string") return undefined;
  return typeof params?.name === "string" ? `${method} ${params.name}` : method;
}

// What each answer answers, by answerKey.
function methods(events: readonly TraceEvent[]): Map<string, string> {
  const all = new Map<string, string>();
  for (const { type, message } of events) {
    const asked = asking(message);
    const { id } = (message ?? {}) as Message;
    if (asked !== undefined && id !== undefined)
      all.set(`${type === "sent" ? "received" : "sent"} ${String(id)}`, asked);
  }
  return all;
}

function answerKey({ type, message }: TraceEvent): string | undefined {
  const { id, method } = (message ?? {}) as Message;
  return id === undefined || method !== undefined ? undefined : `${type} ${String(id)}`;
}
