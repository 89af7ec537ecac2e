// JSON, read and shown without changing a number.

import { Fragment, type ReactNode, useEffect, useRef } from "react";
import { saveFile } from "./save.js";

// JSON.parse gives a number's source text, and JSON.rawJSON keeps it, where the
// browser has them (TypeScript's library does not yet).
interface Source {
  source?: string;
}
const json = JSON as typeof JSON & { rawJSON?: (text: string) => object };

/** JSON.parse, with numbers that JavaScript would round kept as they are for JSON.stringify. */
export function parseExactly(text: string): unknown {
  const { rawJSON } = json;
  if (rawJSON === undefined) return JSON.parse(text);
  const keep = (_key: string, value: unknown, context?: Source) => {
    const source = context?.source;
    if (typeof value !== "number" || source === undefined || String(value) === source) return value;
    return rawJSON(source);
  };
  return JSON.parse(text, keep as (key: string, value: unknown) => unknown);
}

/** How much of a text is shown: more of it stalls the page. */
const shownCharacters = 20_000;

/** A text as it is, or the beginning of a long one with a way to save all of it. */
export function LongText({ text, name, className }: { text: string; name: string; className?: string }) {
  return (
    <Long text={text} name={name}>
      {(shown) => <Block className={className ?? "text"}>{shown}</Block>}
    </Long>
  );
}

/** A value as indented, coloured JSON. */
export function Json({ value, name }: { value: unknown; name: string }) {
  const text = JSON.stringify(value, null, 2) ?? "null";
  return (
    <Long text={text} name={name}>
      {(shown) => (
        <Block className="json">
          <code>{coloured(shown)}</code>
        </Block>
      )}
    </Long>
  );
}

// A block that scrolls can be scrolled with the keyboard.
function Block({ className, children }: { className: string; children: ReactNode }) {
  const block = useRef<HTMLPreElement>(null);
  useEffect(() => {
    const { current } = block;
    if (current === null) return;
    const watch = new ResizeObserver(() => {
      if (current.scrollHeight > current.clientHeight) current.tabIndex = 0;
      else current.removeAttribute("tabindex");
    });
    watch.observe(current);
    return () => watch.disconnect();
  }, []);
  return (
    <pre ref={block} className={className}>
      {children}
    </pre>
  );
}

function Long({ text, name, children }: { text: string; name: string; children: (shown: string) => ReactNode }) {
  if (text.length <= shownCharacters) return children(text);
  return (
    <>
      {children(text.slice(0, shownCharacters))}
      <p className="note">
        The first {shownCharacters.toLocaleString("en")} of {text.length.toLocaleString("en")} characters.{" "}
        <button type="button" className="link" onClick={() => saveFile(new Blob([text], { type: "text/plain" }), name)}>
          Save all of it
        </button>
      </p>
    </>
  );
}

const token = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|-?\d[\d.eE+-]*/g;

function coloured(text: string): ReactNode[] {
  const out: ReactNode[] = [];
  let done = 0;
  for (const match of text.matchAll(token)) {
    const [whole, string, colon, word] = match;
    out.push(text.slice(done, match.index));
    const kind =
      string === undefined ? (word === undefined ? "number" : "word") : colon === undefined ? "string" : "key";
    out.push(
      <span key={match.index} className={`json-${kind}`}>
        {string ?? whole}
      </span>,
    );
    if (colon !== undefined) out.push(<Fragment key={`${match.index}:`}>{colon}</Fragment>);
    done = match.index + whole.length;
  }
  out.push(text.slice(done));
  return out;
}
