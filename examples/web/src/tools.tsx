// The tools: a list to choose from, and the one that was chosen.

import { useId, useRef, useState } from "react";
import type { Tool } from "remora-mcp";
import { CallCard } from "./call.js";
import { useCell } from "./cell.js";
import { Choices, missing, named } from "./choices.js";
import { SchemaForm } from "./form/form.js";
import { Icon } from "./icon.js";
import { Json } from "./json.js";
import type { Session } from "./session.js";
import { words } from "./words.js";

/** The panel with the tools. */
export function ToolsPanel({ session }: { session: Session }) {
  const tools = useCell(session.tools.state);
  const [chosen, setChosen] = useState<string>();
  if (tools.at !== "ready") return missing(session.tools, tools, "tools");
  if (tools.all.length === 0) return <p className="empty">This server offers no tools.</p>;
  const tool = tools.all.find(({ name }) => name === chosen) ?? tools.all[0];
  const choices = named(tools.all, titleOf);
  return (
    <div className="browse">
      <Choices label="Tools" one="tool" many="tools" groups={[{ choices }]} chosen={tool?.name} onChoose={setChosen} />
      {tool !== undefined && <ToolView key={tool.name} session={session} tool={tool} />}
    </div>
  );
}

function ToolView({ session, tool }: { session: Session; tool: Tool }) {
  const calls = useCell(session.calls.all);
  const id = useId();
  const heading = useRef<HTMLHeadingElement>(null);
  return (
    <div className="subject">
      <section className="card" aria-labelledby={id}>
        <header className="subject-head">
          <Icon icons={tool.icons} />
          <h2 id={id} ref={heading}>
            {titleOf(tool)}
          </h2>
          <ul className="tags" aria-label="What the server says of it">
            {titleOf(tool) !== tool.name && <li className="tag">{tool.name}</li>}
            {hints(tool).map((hint) => (
              <li key={hint} className={hint === "destructive" ? "tag warn" : "tag"}>
                {hint}
              </li>
            ))}
          </ul>
        </header>
        {words(tool.description) && <p className="subject-about">{tool.description}</p>}
        <SchemaForm schema={tool.inputSchema} offerJson onSubmit={(args) => session.call(tool.name, args)}>
          <button type="submit" className="primary">
            Call<span className="unseen"> {titleOf(tool)}</span>
          </button>
        </SchemaForm>
        <details className="schemas">
          <summary>Schemas</summary>
          <h4>Input</h4>
          <Json value={tool.inputSchema} name={`${tool.name}.input.json`} />
          {tool.outputSchema !== undefined && (
            <>
              <h4>Output</h4>
              <Json value={tool.outputSchema} name={`${tool.name}.output.json`} />
            </>
          )}
        </details>
      </section>
      <section className="calls" aria-label="Calls">
        <header className="calls-head">
          <h2>Calls</h2>
          {calls.some(({ outcome }) => outcome.at !== "running") && (
            <button type="button" className="small" onClick={() => session.calls.clear()}>
              Clear
            </button>
          )}
        </header>
        {calls.length === 0 && <p className="empty">Nothing has been called yet.</p>}
        {calls.map((call) => (
          <CallCard key={call.id} call={call} />
        ))}
      </section>
    </div>
  );
}

function titleOf(tool: Tool): string {
  return words(tool.title) ?? words(tool.annotations?.title) ?? tool.name;
}

// A server's own word, to be believed as far as the server is.
function hints({ annotations = {} }: Tool): string[] {
  const { readOnlyHint, destructiveHint, idempotentHint, openWorldHint } = annotations;
  return [
    readOnlyHint === true && "read-only",
    readOnlyHint !== true && destructiveHint === true && "destructive",
    idempotentHint === true && "idempotent",
    openWorldHint === true && "reaches out",
  ].filter((hint) => hint !== false);
}
