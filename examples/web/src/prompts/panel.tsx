// The prompts: a list to choose from, and the one that was chosen.

import { useId, useMemo, useState } from "react";
import type { Client, ContentBlock, Prompt } from "remora-mcp";
import { AnswerCard } from "../answer.js";
import { useCell } from "../cell.js";
import { Choices, missing, named } from "../choices.js";
import { completing } from "../complete.js";
import { Content } from "../content.js";
import { type TextField, TextsForm } from "../form/texts.js";
import { Icon } from "../icon.js";
import { words } from "../words.js";
import type { Prompts } from "./prompts.js";

/** The panel with the prompts. */
export function PromptsPanel({ prompts, client }: { prompts: Prompts; client: Client }) {
  const listed = useCell(prompts.list.state);
  const [chosen, setChosen] = useState<string>();
  if (listed.at !== "ready") return missing(prompts.list, listed, "prompts");
  const prompt = listed.all.find(({ name }) => name === chosen) ?? listed.all[0];
  if (prompt === undefined) return <p className="empty">This server has no prompts.</p>;
  const choices = named(listed.all, titleOf);
  return (
    <div className="browse">
      <Choices
        label="Prompts"
        one="prompt"
        many="prompts"
        groups={[{ choices }]}
        chosen={prompt.name}
        onChoose={setChosen}
      />
      <PromptView key={prompt.name} prompts={prompts} prompt={prompt} client={client} />
    </div>
  );
}

function PromptView({ prompts, prompt, client }: { prompts: Prompts; prompt: Prompt; client: Client }) {
  const answer = useCell(prompts.written.all).get(prompt.name);
  const id = useId();
  const { name } = prompt;
  const complete = useMemo(() => completing(client, { type: "ref/prompt", name }), [client, name]);
  const fields = fieldsOf(prompt);
  return (
    <div className="subject">
      <section className="card" aria-labelledby={id}>
        <header className="subject-head">
          <Icon icons={prompt.icons} />
          <h2 id={id}>{titleOf(prompt)}</h2>
          {titleOf(prompt) !== name && <span className="tag">{name}</span>}
        </header>
        {words(prompt.description) && <p className="subject-about">{prompt.description}</p>}
        <TextsForm fields={fields} complete={complete} onSubmit={(args) => prompts.get(name, args)}>
          {fields.length === 0 && <p className="hint whole">There is nothing to fill in.</p>}
          <button type="submit" className="primary">
            Get<span className="unseen"> {titleOf(prompt)}</span>
          </button>
        </TextsForm>
      </section>
      <section className="calls" aria-label="Messages">
        <header className="calls-head">
          <h2>Messages</h2>
        </header>
        {answer === undefined ? (
          <p className="empty">The server has not written this prompt yet.</p>
        ) : (
          <AnswerCard title={name} answer={answer} headline="The prompt cannot be had">
            {(result) => <Messages result={result} />}
          </AnswerCard>
        )}
      </section>
    </div>
  );
}

// By the specification there are two; anything else is shown as it came.
const roles: Record<string, string> = { user: "User", assistant: "Assistant" };

function Messages({ result }: { result: Record<string, unknown> }) {
  const { description } = result;
  const messages: unknown[] = Array.isArray(result["messages"]) ? result["messages"] : [];
  return (
    <>
      {words(description) && <p className="hint">{words(description)}</p>}
      {messages.length === 0 && <p className="note">There are no messages.</p>}
      <ol className="messages" aria-label="Messages">
        {messages.map((message, index) => {
          const { role, content } = (message ?? {}) as { role?: unknown; content?: unknown };
          const said = words(role) ?? "";
          const blocks = (Array.isArray(content) ? content : [content]) as ContentBlock[];
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: a result does not change
            <li key={index} className={said === "assistant" ? "prompt-message assistant" : "prompt-message"}>
              <h4>{roles[said] ?? (said || "A message of nobody")}</h4>
              {blocks.map((block, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a result does not change
                <Content key={at} block={block ?? {}} />
              ))}
            </li>
          );
        })}
      </ol>
    </>
  );
}

function fieldsOf({ arguments: given }: Prompt): TextField[] {
  const all = new Map<string, TextField>();
  for (const argument of Array.isArray(given) ? given : []) {
    const name = words(argument?.name);
    if (name === undefined) continue;
    const { title, description, required } = argument;
    all.set(name, { name, title: words(title), description: words(description), required: required === true });
  }
  return [...all.values()];
}

function titleOf({ title, name }: Prompt): string {
  return words(title) ?? name;
}
