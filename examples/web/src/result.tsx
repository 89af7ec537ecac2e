// What came of a call.

import type { CallToolResult } from "remora-mcp";
import { Content } from "./content.js";
import { Json, LongText } from "./json.js";

/** A result, read from raw, the JSON that the server sent. */
export function Result({ result, raw }: { result: Partial<CallToolResult>; raw: string }) {
  const content = Array.isArray(result.content) ? result.content : [];
  const structured = result.structuredContent;
  return (
    <>
      {result.isError === true && <p className="tool-failed">The tool says that it failed.</p>}
      {content.length === 0 && structured === undefined && <p className="note">The result is empty.</p>}
      {content.map((block, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a result does not change
        <Content key={index} block={block} />
      ))}
      {structured !== undefined && (
        <section className="structured">
          <h4>Structured content</h4>
          <Json value={structured} name="structured.json" />
        </section>
      )}
      <details>
        <summary>As the server sent it</summary>
        <LongText text={raw} name="result.json" className="json" />
      </details>
    </>
  );
}
