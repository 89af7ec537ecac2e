// Content blocks of a result. All of it is untrusted: text is shown as text,
// and a block that is not what its type says is shown as JSON.

import type { ContentBlock } from "remora-mcp";
import { Json, LongText } from "./json.js";
import { Media } from "./media.js";
import { fileName } from "./save.js";

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
  if (type === "resource" && isResource(resource)) return <Resource {...resource} />;
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

interface Contents {
  uri: string;
  mimeType?: unknown;
  text?: unknown;
  blob?: unknown;
}

function Resource({ uri, mimeType, text, blob }: Contents) {
  const name = fileName(uri, "resource");
  return (
    <div className="resource">
      <p className="resource-name">Resource</p>
      <Address uri={uri} />
      {words(mimeType) && <span className="tag">{words(mimeType)}</span>}
      {typeof text === "string" && <LongText text={text} name={name} />}
      {typeof blob === "string" && <Media data={blob} mimeType={words(mimeType) ?? ""} name={name} />}
    </div>
  );
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

function isResource(value: unknown): value is Contents {
  return typeof value === "object" && value !== null && "uri" in value && typeof value.uri === "string";
}

function words(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function extension(mimeType: string): string {
  return /^\w+\/(?:x-)?([a-z0-9]+)/.exec(mimeType)?.[1] ?? "bin";
}
