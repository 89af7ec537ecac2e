// The tools: a list to choose from, and the one that was chosen.

import { useId, useRef, useState } from "react";
import type { Tool } from "remora-mcp";
import { CallCard } from "./call.js";
import { useCell } from "./cell.js";
import { Failure } from "./failure.js";
import { SchemaForm } from "./form/form.js";
import { Json } from "./json.js";
import type { Session } from "./session.js";

/** The panel with the tools. */
export function ToolsPanel({ session }: { session: Session }) {
  const tools = useCell(session.tools);
  const [chosen, setChosen] = useState<string>();
  if (tools.at === "none" || tools.at === "loading") {
    return (
      <p className="empty" role="status">
        Loading the tools …
      </p>
    );
  }
  if (tools.at === "failed") {
    return (
      <div className="empty">
        <Failure error={tools.error} headline="The tools cannot be listed" />
        <button type="button" onClick={() => void session.loadTools()}>
          Try again
        </button>
      </div>
    );
  }
  if (tools.all.length === 0) return <p className="empty">This server offers no tools.</p>;
  const tool = tools.all.find(({ name }) => name === chosen) ?? tools.all[0];
  return (
    <div className="tools">
      <ToolList tools={tools.all} chosen={tool?.name} onChoose={setChosen} />
      {tool !== undefined && <ToolView key={tool.name} session={session} tool={tool} />}
    </div>
  );
}

function ToolList(props: { tools: Tool[]; chosen: string | undefined; onChoose: (name: string) => void }) {
  const { tools, chosen, onChoose } = props;
  const [filter, setFilter] = useState("");
  const id = useId();
  const wanted = filter.trim().toLowerCase();
  const shown = tools.filter((tool) =>
    `${tool.name} ${titleOf(tool)} ${tool.description ?? ""}`.toLowerCase().includes(wanted),
  );
  return (
    <nav className="tool-list" aria-label="Tools">
      <label className="unseen" htmlFor={id}>
        Find a tool
      </label>
      <input
        id={id}
        type="search"
        placeholder={`Find one of ${tools.length} tools`}
        value={filter}
        onChange={(event) => setFilter(event.target.value)}
      />
      <ul>
        {shown.map((tool) => (
          <li key={tool.name}>
            <button type="button" aria-current={tool.name === chosen} onClick={() => onChoose(tool.name)}>
              <span className="tool-title">{titleOf(tool)}</span>
              {tool.description && <span className="tool-about">{tool.description}</span>}
            </button>
          </li>
        ))}
      </ul>
      {shown.length === 0 && <p className="note">No tool has this in its name or description.</p>}
    </nav>
  );
}

function ToolView({ session, tool }: { session: Session; tool: Tool }) {
  const calls = useCell(session.calls.all);
  const id = useId();
  const heading = useRef<HTMLHeadingElement>(null);
  return (
    <div className="tool">
      <section className="card" aria-labelledby={id}>
        <header className="tool-head">
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
        {tool.description && <p className="tool-description">{tool.description}</p>}
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
  return tool.title || tool.annotations?.title || tool.name;
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
