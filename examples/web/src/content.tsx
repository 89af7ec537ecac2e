// Content blocks of a result. All of it is untrusted: text is shown as text,
// and a block that is not what its type says is shown as JSON.

import { useMemo } from "react";
import type { ContentBlock } from "remora-mcp";
import { Json, LongText, parseExactly } from "./json.js";
import { Media } from "./media.js";
import { fileName } from "./save.js";
import { words } from "./words.js";

/** One block. */
export function Content({ block }: { block: ContentBlock }) {
  const { type, text, data, mimeType, uri, resource } = block as Record<string, unknown>;
  if (type === "text" && typeof text === "string") {
    return text === "" ? <p className="note">An empty text.</p> : <LongText text={text} name="result.txt" />;
  }
  if ((type === "image" || type === "audio") && typeof data === "string" && typeof mimeType === "string") {
    return <Media data={data} mimeType={mimeType} name={`result.${extension(mimeType)}`} />;
  }
  if (type === "resource_link" && typeof uri === "string") return <ResourceLink {...(block as Link)} />;
  if (type === "resource" && isResource(resource)) return <ResourceContent contents={resource} heading="Resource" />;
  return (
    <>
      <p className="note">Content of the type {JSON.stringify(type) ?? "undefined"}, which this page does not know:</p>
      <Json value={block} name="content.json" />
    </>
  );
}

interface Link {
  uri: string;
  name?: unknown;
  title?: unknown;
  description?: unknown;
  mimeType?: unknown;
}

function ResourceLink({ uri, name, title, description, mimeType }: Link) {
  return (
    <div className="resource">
      <p className="resource-name">{words(title) ?? words(name) ?? "Resource"}</p>
      <Address uri={uri} />
      {words(mimeType) && <span className="tag">{words(mimeType)}</span>}
      {words(description) && <p className="hint">{words(description)}</p>}
    </div>
  );
}

/**
 * What a resource holds, in one piece: text or bytes. contents is whatever the
 * server sent. Its URI is not said again where it stands already, as asked.
 */
export function ResourceContent(props: { contents: object; heading?: string; asked?: string }) {
  const { contents, heading, asked } = props;
  const { uri, mimeType, text, blob } = contents as Record<string, unknown>;
  const type = words(mimeType) ?? "";
  const name = fileName(words(uri) ?? "", "resource");
  const said = uri === asked;
  return (
    <div className={said ? "resource said" : "resource"}>
      {heading !== undefined && <p className="resource-name">{heading}</p>}
      {!said && words(uri) && <Address uri={words(uri) ?? ""} />}
      {type !== "" && !(said && typeof blob === "string") && <span className="tag">{type}</span>}
      {typeof text === "string" && <ResourceText text={text} mimeType={type} name={name} />}
      {typeof blob === "string" && <Media data={blob} mimeType={type} name={name} />}
      {typeof text !== "string" && typeof blob !== "string" && <p className="note">It holds neither text nor bytes.</p>}
    </div>
  );
}

// Markdown and HTML stay as they were written.
function ResourceText({ text, mimeType, name }: { text: string; mimeType: string; name: string }) {
  const value = useMemo(() => (/[/+]json\b/.test(mimeType) ? parsed(text) : undefined), [text, mimeType]);
  if (text === "") return <p className="note">An empty text.</p>;
  return value === undefined ? <LongText text={text} name={name} /> : <Json value={value} name={name} />;
}

function parsed(text: string): unknown {
  try {
    return parseExactly(text);
  } catch {
    return undefined;
  }
}

/** A URI of a server's: a link if a browser can follow it, and always readable. */
export function Address({ uri }: { uri: string }) {
  if (!/^https?:\/\//i.test(uri)) return <code className="uri">{uri}</code>;
  return (
    <a className="uri" href={uri} target="_blank" rel="noopener noreferrer">
      {uri}
    </a>
  );
}

function isResource(value: unknown): value is object {
  return typeof value === "object" && value !== null && "uri" in value && typeof value.uri === "string";
}

function extension(mimeType: string): string {
  return /^\w+\/(?:x-)?([a-z0-9]+)/.exec(mimeType)?.[1] ?? "bin";
}
