// The last answer to a request, and the request that is under way.

import { type ReactNode, useEffect, useId, useRef } from "react";
import type { Answer } from "./answers.js";
import { Failure } from "./failure.js";
import { LongText } from "./json.js";
import { duration } from "./sizes.js";

/** An answer under its title. children shows the result of one that came. */
export function AnswerCard(props: {
  title: ReactNode;
  answer: Answer;
  headline: string;
  children: (result: Record<string, unknown>) => ReactNode;
}) {
  const { title, answer, headline, children } = props;
  const { cancel, quiet, ended } = answer;
  const id = useId();
  const running = cancel !== undefined && (!quiet || ended === undefined);
  // In a narrow window it is below what the person looks at.
  const card = useRef<HTMLElement>(null);
  useEffect(() => {
    if (running) card.current?.scrollIntoView({ block: "nearest" });
  }, [running]);
  const at = running ? "running" : (ended?.at ?? "running");
  return (
    <article ref={card} className={`call ${at}`} aria-labelledby={id} aria-busy={running}>
      <header>
        <h3 id={id}>{title}</h3>
        <span className={`state ${at}`}>{at}</span>
        {!running && ended !== undefined && <span className="took">{duration(ended.ms)}</span>}
      </header>
      {running && (
        <div className="running">
          <progress aria-label="Waiting for the server" />
          <div className="running-row">
            <span className="running-text">Waiting for the server</span>
            <button type="button" onClick={cancel}>
              Cancel
            </button>
          </div>
        </div>
      )}
      {ended?.at === "done" && (
        <>
          {children(ended.result)}
          <details>
            <summary>As the server sent it</summary>
            <LongText text={ended.raw} name="result.json" className="json" />
          </details>
        </>
      )}
      {!running && ended?.at === "failed" && <Failure error={ended.error} headline={headline} />}
      {!running && ended?.at === "cancelled" && <p className="note">You cancelled this, and the server was told.</p>}
    </article>
  );
}
