// The dialog with which a server asks the person something.

import { useId, useLayoutEffect, useRef } from "react";
import { useCell } from "./cell.js";
import { Address } from "./content.js";
import { SchemaForm } from "./form/form.js";
import type { Question, Questions } from "./questions.js";

/** Shows the question that waits longest, until it is answered or its call is over. */
export function Elicitations({ questions }: { questions: Questions }) {
  const [first] = useCell(questions.waiting);
  return first === undefined ? null : <QuestionDialog key={first.id} question={first} />;
}

function QuestionDialog({ question }: { question: Question }) {
  const { params, origin, server, answer } = question;
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  // While it is open, the page behind it cannot be reached; closing gives the
  // focus back, if the dialog is closed before it is taken out of the page.
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  const decline = () => answer({ action: "decline" });
  const buttons = (
    <>
      <button type="button" onClick={decline}>
        Decline
      </button>
      <button type="button" onClick={() => answer({ action: "cancel" })}>
        Cancel
      </button>
    </>
  );
  return (
    <dialog
      ref={dialog}
      className="question"
      aria-labelledby={`${id}-title`}
      aria-describedby={`${id}-message`}
      onCancel={(event) => {
        event.preventDefault();
        answer({ action: "cancel" });
      }}
    >
      <h2 id={`${id}-title`}>{server ?? "The server"} asks</h2>
      <p className="asker">
        at <code>{origin}</code>
      </p>
      <p id={`${id}-message`} className="message">
        {params.message}
      </p>
      {params.mode === "url" ? (
        <>
          {params.url !== undefined && <Address uri={params.url} />}
          <p className="hint">Open the address only if you trust this server with what it asks for there.</p>
          <div className="buttons">
            <button type="button" className="primary" onClick={() => answer({ action: "accept" })}>
              I have opened it
            </button>
            {buttons}
          </div>
        </>
      ) : (
        <SchemaForm
          schema={params.requestedSchema ?? {}}
          onSubmit={(content) => answer({ action: "accept", content: JSON.parse(JSON.stringify(content)) })}
        >
          <button type="submit" className="primary">
            Send
          </button>
          {buttons}
        </SchemaForm>
      )}
    </dialog>
  );
}
