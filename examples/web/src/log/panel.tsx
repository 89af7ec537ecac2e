// The log: what the server says on the side, as it comes.

import { type ChangeEvent, memo, useId, useState } from "react";
import type { LoggingLevel } from "remora-mcp";
import { useCell } from "../cell.js";
import { Failure } from "../failure.js";
import { Json, LongText } from "../json.js";
import { clock } from "../sizes.js";
import { words } from "../words.js";
import type { Entry, Log } from "./log.js";

// The least severe first (server/utilities/logging).
const levels: LoggingLevel[] = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

// The last ones: a list of more stalls the page.
const shownEntries = 300;

/** The panel with the log. */
export function LogPanel({ log }: { log: Log }) {
  const { entries, forgotten } = useCell(log.messages);
  const { level, setting, error } = useCell(log.chosen);
  const [filter, setFilter] = useState("");
  const id = useId();
  const wanted = filter.trim().toLowerCase();
  const matching = entries.filter(({ message }) => JSON.stringify(message).toLowerCase().includes(wanted));
  const shown = matching.slice(-shownEntries);
  const choose = ({ target }: ChangeEvent<HTMLSelectElement>) => void log.choose(target.value as LoggingLevel);
  return (
    <section className="card log" aria-label="Log">
      <div className="trace-bar">
        <label htmlFor={id}>From the level</label>
        <select id={id} value={level ?? ""} aria-busy={setting} onChange={choose}>
          {level === undefined && <option value="">not chosen</option>}
          {levels.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
        <input
          type="search"
          aria-label="Find in the log"
          placeholder="Find in the log"
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
        <span className="gap" />
        <button type="button" className="small" onClick={() => log.clear()}>
          Clear
        </button>
      </div>
      {error !== undefined && <Failure error={error} headline="The level cannot be set" />}
      {forgotten > 0 && <p className="note">{forgotten} older messages were let go.</p>}
      {matching.length > shown.length && (
        <p className="note">
          The last {shown.length} of {matching.length}.
        </p>
      )}
      {entries.length === 0 && (
        <p className="empty">
          {level === undefined
            ? "Choose a level: from it on, the server says what it does."
            : "The server has said nothing yet. Most log while they serve a call."}
        </p>
      )}
      {entries.length > 0 && shown.length === 0 && <p className="empty">Nothing in the log matches.</p>}
      <div role="log" aria-label="Messages">
        <ol className="events">
          {shown.map((entry) => (
            <Message key={entry.number} entry={entry} />
          ))}
        </ol>
      </div>
    </section>
  );
}

const severe = new Set(["error", "critical", "alert", "emergency"]);

const Message = memo(({ entry }: { entry: Entry }) => {
  const { at, message } = entry;
  const level = words(message.level) ?? "";
  const kind = severe.has(level) ? " bad" : level === "warning" ? " warn" : "";
  const { data } = message;
  return (
    <li className="event log-row">
      <time className="event-time" dateTime={at.toISOString()}>
        {clock(at)}
      </time>
      <span className={`log-level${kind}`}>{level}</span>
      <span className="event-type">{words(message.logger)}</span>
      <div className="log-data">
        {typeof data === "string" ? (
          <LongText text={data} name="log.txt" className="log-text" />
        ) : (
          <Json value={data} name="log.json" />
        )}
      </div>
    </li>
  );
});
