// The resources and templates: a list to choose from, and the one that was chosen.

import { useId, useMemo, useState } from "react";
import type { Client, Resource, ResourceTemplate } from "remora-mcp";
import { useCell } from "../cell.js";
import { type Choice, Choices, missing } from "../choices.js";
import { completing } from "../complete.js";
import { TextsForm } from "../form/texts.js";
import { Icon } from "../icon.js";
import { bytes } from "../sizes.js";
import { words } from "../words.js";
import { ContentsView } from "./contents.js";
import type { Resources } from "./resources.js";
import { expand, variables } from "./template.js";

/** The panel with the resources and templates. */
export function ResourcesPanel({ resources, client }: { resources: Resources; client: Client }) {
  const list = useCell(resources.list.state);
  const templates = useCell(resources.templates.state);
  const [chosen, setChosen] = useState<string>();
  if (list.at !== "ready") return missing(resources.list, list, "resources");
  if (templates.at !== "ready") return missing(resources.templates, templates, "resource templates");
  if (list.all.length + templates.all.length === 0) return <p className="empty">This server has no resources.</p>;
  const groups = [
    { title: "Resources", choices: list.all.map((each) => choice(`resource ${each.uri}`, each)) },
    { title: "Templates", choices: templates.all.map((each) => choice(`template ${each.uriTemplate}`, each)) },
  ];
  const all = groups.flatMap(({ choices }) => choices);
  const key = all.some((each) => each.key === chosen) ? chosen : all[0]?.key;
  const resource = list.all.find(({ uri }) => key === `resource ${uri}`);
  const template = templates.all.find(({ uriTemplate }) => key === `template ${uriTemplate}`);
  return (
    <div className="browse">
      <Choices label="Resources" one="resource" many="resources" groups={groups} chosen={key} onChoose={setChosen} />
      {resource !== undefined && <ResourceView key={key} resources={resources} resource={resource} />}
      {template !== undefined && <TemplateView key={key} resources={resources} template={template} client={client} />}
    </div>
  );
}

function ResourceView({ resources, resource }: { resources: Resources; resource: Resource }) {
  const { uri } = resource;
  return (
    <div className="subject">
      <About of={resource} address={uri}>
        <div className="buttons">
          <button type="button" className="primary" onClick={() => resources.read(uri)}>
            Read<span className="unseen"> {titleOf(resource)}</span>
          </button>
        </div>
      </About>
      <ContentsView resources={resources} uri={uri} />
    </div>
  );
}

function TemplateView(props: { resources: Resources; template: ResourceTemplate; client: Client }) {
  const { resources, template, client } = props;
  const { uriTemplate } = template;
  const fields = useMemo(() => variables(uriTemplate), [uriTemplate]);
  const complete = useMemo(() => completing(client, { type: "ref/resource", uri: uriTemplate }), [client, uriTemplate]);
  const [values, setValues] = useState<Record<string, string>>({});
  const [read, setRead] = useState<string>();
  const missing = fields.some(({ name, required }) => required && values[name] === undefined);
  const uri = expand(uriTemplate, values);
  const submit = () => {
    if (uri === undefined) return;
    setRead(uri);
    resources.read(uri);
  };
  return (
    <div className="subject">
      <About of={template} address={uriTemplate}>
        <TextsForm fields={fields} complete={complete} onChange={setValues} onSubmit={submit}>
          {!missing && (
            <p className="hint whole">
              Reads <code className="uri">{uri ?? "nothing: no URI can be made of this"}</code>
            </p>
          )}
          <button type="submit" className="primary">
            Read<span className="unseen"> {titleOf(template)}</span>
          </button>
        </TextsForm>
      </About>
      <ContentsView resources={resources} uri={read} />
    </div>
  );
}

function About(props: { of: Resource | ResourceTemplate; address: string; children: React.ReactNode }) {
  const { of, address, children } = props;
  const id = useId();
  const facts = factsOf(of);
  return (
    <section className="card" aria-labelledby={id}>
      <header className="subject-head">
        <Icon icons={of.icons} />
        <h2 id={id}>{titleOf(of)}</h2>
        {facts.length > 0 && (
          <ul className="tags" aria-label="What the server says of it">
            {facts.map((fact) => (
              <li key={fact} className="tag">
                {fact}
              </li>
            ))}
          </ul>
        )}
      </header>
      <p>
        <code className="uri">{address}</code>
      </p>
      {words(of.description) && <p className="subject-about">{of.description}</p>}
      {children}
    </section>
  );
}

function choice(key: string, of: Resource | ResourceTemplate): Choice {
  const size = "size" in of && typeof of.size === "number" ? bytes(of.size) : undefined;
  const about = [words(of.mimeType), size].filter((part) => part !== undefined).join(", ");
  return { key, title: titleOf(of), about: about || words(of.description), icons: of.icons };
}

// A server's own word, to be believed as far as the server is.
function factsOf(of: Resource | ResourceTemplate): string[] {
  const { audience, priority, lastModified } = of.annotations ?? {};
  const changed = words(lastModified);
  return [
    titleOf(of) === of.name ? undefined : words(of.name),
    words(of.mimeType),
    "size" in of && typeof of.size === "number" ? bytes(of.size) : undefined,
    Array.isArray(audience) ? `for ${audience.join(" and ")}` : undefined,
    typeof priority === "number" ? `priority ${priority}` : undefined,
    changed === undefined ? undefined : `changed ${changed}`,
  ].filter((fact) => fact !== undefined);
}

function titleOf({ title, name, uri, uriTemplate }: Partial<Resource & ResourceTemplate>): string {
  return words(title) ?? words(name) ?? uri ?? uriTemplate ?? "";
}
