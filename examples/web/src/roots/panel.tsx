// The roots: which places the server may know of.

import { type FormEvent, useId, useRef, useState } from "react";
import type { Root } from "remora-mcp";
import { announce } from "../announce.js";
import { useCell } from "../cell.js";
import { Failure } from "../failure.js";
import { type Roots, wrongUri } from "./roots.js";

interface Row {
  readonly key: number;
  readonly uri: string;
  readonly name: string;
}

/** The panel with the roots. */
export function RootsPanel({ roots }: { roots: Roots }) {
  const { roots: inForce, telling, error } = useCell(roots.inForce);
  const last = useRef(0);
  const row = ({ uri, name = "" }: Root): Row => {
    last.current++;
    return { key: last.current, uri, name };
  };
  const [rows, setRows] = useState<readonly Row[]>(() => inForce.map(row));
  const [checked, setChecked] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const add = useRef<HTMLButtonElement>(null);
  const id = useId();

  const change = (key: number, part: Partial<Row>) =>
    setRows(rows.map((each) => (each.key === key ? { ...each, ...part } : each)));
  const wrong = problems(rows);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const first = rows.findIndex(({ key }) => wrong.has(key));
    setChecked(first >= 0);
    if (first >= 0) {
      announce(`Not sent: ${wrong.size === 1 ? "a root is" : `${wrong.size} roots are`} not right`);
      form.current?.querySelectorAll<HTMLInputElement>(".root-uri")[first]?.focus();
      return;
    }
    void roots.set(rows.map(({ uri, name }) => (name === "" ? { uri: uri.trim() } : { uri: uri.trim(), name })));
  };
  const changed = JSON.stringify(rows.map(({ uri, name }) => [uri.trim(), name])) !== written(inForce);

  return (
    <section className="card roots" aria-labelledby={id}>
      <h2 id={id}>Roots</h2>
      <p className="subject-about">
        Places that the server may know of, such as the folders of a project. It is told where they are, not given what
        is in them.
      </p>
      <form ref={form} className="schema-form" onSubmit={submit} noValidate>
        {rows.map(({ key, uri, name }, index) => {
          const problem = checked ? wrong.get(key) : undefined;
          const own = `${id}-${key}`;
          return (
            <fieldset key={key} className="root">
              <legend className="unseen">Root {index + 1}</legend>
              <div className={problem === undefined ? "field" : "field wrong"}>
                <label htmlFor={`${own}-uri`}>URI</label>
                <input
                  id={`${own}-uri`}
                  className="root-uri"
                  type="text"
                  inputMode="url"
                  placeholder="file:///home/me/project"
                  autoComplete="off"
                  spellCheck={false}
                  value={uri}
                  aria-invalid={problem !== undefined}
                  aria-describedby={`${own}-wrong`}
                  onChange={(event) => change(key, { uri: event.target.value })}
                />
                <ul id={`${own}-wrong`} className="errors">
                  {problem !== undefined && <li>{problem}</li>}
                </ul>
              </div>
              <div className="field">
                <label htmlFor={`${own}-name`}>
                  Name<span className="optional"> optional</span>
                </label>
                <input
                  id={`${own}-name`}
                  type="text"
                  autoComplete="off"
                  value={name}
                  onChange={(event) => change(key, { name: event.target.value })}
                />
              </div>
              <button
                type="button"
                className="icon"
                aria-label={`Remove root ${index + 1}`}
                title="Remove"
                onClick={() => {
                  setRows(rows.filter((each) => each.key !== key));
                  add.current?.focus();
                }}
              >
                ×
              </button>
            </fieldset>
          );
        })}
        {rows.length === 0 && <p className="empty">There are no roots.</p>}
        <div className="buttons">
          <button ref={add} type="button" onClick={() => setRows([...rows, row({ uri: "" })])}>
            Add a root
          </button>
          <button type="submit" className="primary" aria-disabled={telling || !changed}>
            Tell the server
          </button>
          <span className="hint" role="status">
            {telling ? "Telling the server …" : changed ? "The server does not know of this yet." : ""}
          </span>
        </div>
      </form>
      {error !== undefined && <Failure error={error} headline="The server could not be told" />}
    </section>
  );
}

function written(roots: readonly Root[]): string {
  return JSON.stringify(roots.map(({ uri, name = "" }) => [uri, name]));
}

// What is wrong with a row's URI, by key.
function problems(rows: readonly Row[]): Map<number, string> {
  const found = new Map<number, string>();
  const seen = new Set<string>();
  for (const { key, uri } of rows) {
    const address = uri.trim();
    const problem = wrongUri(address) || (seen.has(address) ? "This is there already." : "");
    if (problem !== "") found.set(key, problem);
    seen.add(address);
  }
  return found;
}
