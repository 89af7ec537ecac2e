// One call: under way or ended.

import { useEffect, useRef } from "react";
import type { Progress } from "remora-mcp";
import type { Call, Outcome } from "./calls.js";
import { Failure } from "./failure.js";
import { Json } from "./json.js";
import { Result } from "./result.js";
import { duration } from "./sizes.js";

const states: Record<Outcome["at"], string> = {
  running: "running",
  done: "done",
  cancelled: "cancelled",
  failed: "failed",
};

/** A call, with what came of it. */
export function CallCard({ call }: { call: Call }) {
  const { id, tool, args, outcome } = call;
  const heading = `call-${id}`;
  // In a narrow window it begins below what the person looks at.
  const card = useRef<HTMLElement>(null);
  useEffect(() => {
    card.current?.scrollIntoView({ block: "nearest" });
  }, []);
  const state = outcome.at === "done" && outcome.result.isError === true ? "tool error" : states[outcome.at];
  return (
    <article ref={card} className={`call ${outcome.at}`} aria-labelledby={heading}>
      <header>
        <h3 id={heading}>
          <span className="number">#{id}</span> {tool}
        </h3>
        <span className={`state ${state.replace(" ", "-")}`}>{state}</span>
        {outcome.at !== "running" && <span className="took">{duration(outcome.ms)}</span>}
      </header>
      {Object.keys(args).length > 0 && (
        <details>
          <summary>Input</summary>
          <Json value={args} name="input.json" />
        </details>
      )}
      {outcome.at === "running" && <Running call={call} progress={outcome.progress} />}
      {outcome.at === "done" && <Result result={outcome.result} raw={outcome.raw} />}
      {outcome.at === "failed" && <Failure error={outcome.error} headline="The call failed" />}
      {outcome.at === "cancelled" && <p className="note">You cancelled this call, and the server was told.</p>}
    </article>
  );
}

function Running({ call, progress }: { call: Call; progress: Progress | undefined }) {
  const total = progress?.total;
  const known = progress !== undefined && typeof total === "number" && total > 0;
  return (
    <div className="running">
      {known ? (
        <progress aria-label={`Progress of ${call.tool}`} max={total} value={Math.min(progress.progress, total)} />
      ) : (
        <progress aria-label={`Progress of ${call.tool}`} />
      )}
      <div className="running-row">
        <span className="running-text">
          {progress === undefined ? "Waiting for the server" : (progress.message ?? amount(progress))}
          {known && <span className="percent"> {Math.floor((100 * progress.progress) / total)} %</span>}
        </span>
        <button type="button" onClick={call.cancel}>
          Cancel<span className="unseen"> call {call.id}</span>
        </button>
      </div>
    </div>
  );
}

function amount({ progress, total }: Progress): string {
  return total === undefined ? `${progress} so far` : `${progress} of ${total}`;
}
