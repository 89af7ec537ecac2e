// The form that connects.

import { type FormEvent, useId, useRef, useState } from "react";
import { useCell } from "./cell.js";
import { Failure } from "./failure.js";
import type { Session } from "./session.js";
import { SignIn } from "./signin.js";

// The revisions that change what is spoken; older ones are agreed on by themselves.
const revisions = ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"];

/** Asks for a server and connects to it. url is what the field begins with. */
export function Connect({ session, url: given }: { session: Session; url: string }) {
  const connection = useCell(session.connection);
  const [url, setUrl] = useState(given);
  const [token, setToken] = useState("");
  const [headers, setHeaders] = useState("");
  const [protocolVersion, setProtocolVersion] = useState("");
  const [wrong, setWrong] = useState("");
  const headersInput = useRef<HTMLTextAreaElement>(null);
  const options = useRef<HTMLDetailsElement>(null);
  const id = useId();
  const busy = connection.at === "connecting";

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const read = readHeaders(headers);
    if (typeof read === "string") {
      setWrong(read);
      if (options.current !== null) options.current.open = true;
      headersInput.current?.focus();
      return;
    }
    setWrong("");
    void session.connect({ url: url.trim(), token: token.trim(), headers: read, protocolVersion });
  };

  return (
    <section className="connect" aria-label="Connect">
      <form onSubmit={submit} noValidate>
        <div className="connect-row">
          <label className="unseen" htmlFor={`${id}-url`}>
            Address of an MCP server
          </label>
          <input
            id={`${id}-url`}
            name="url"
            type="url"
            inputMode="url"
            placeholder="https://example.com/mcp"
            autoComplete="url"
            spellCheck={false}
            value={url}
            onChange={(event) => setUrl(event.target.value)}
          />
          {busy ? (
            // Keys: the one must not turn into the other under the click.
            <button key="stop" type="button" onClick={() => session.disconnect()}>
              Stop
            </button>
          ) : (
            <button key="connect" type="submit" className="primary">
              Connect
            </button>
          )}
          {connection.at === "ready" && (
            <button type="button" onClick={() => session.disconnect()}>
              Disconnect
            </button>
          )}
        </div>
        <details ref={options}>
          <summary>Key, headers, protocol</summary>
          <div className="options">
            <div className="field">
              <label htmlFor={`${id}-token`}>
                Bearer key<span className="optional"> optional</span>
              </label>
              <input
                id={`${id}-token`}
                name="token"
                type="password"
                autoComplete="off"
                value={token}
                aria-describedby={`${id}-token-hint`}
                onChange={(event) => setToken(event.target.value)}
              />
              <p id={`${id}-token-hint`} className="hint">
                Sent to this server only. It is not stored, and not in the trace.
              </p>
            </div>
            <div className="field">
              <label htmlFor={`${id}-protocol`}>Newest protocol to ask for</label>
              <select
                id={`${id}-protocol`}
                name="protocol"
                value={protocolVersion}
                onChange={(event) => setProtocolVersion(event.target.value)}
              >
                <option value="">the newest there is</option>
                {revisions.map((revision) => (
                  <option key={revision}>{revision}</option>
                ))}
              </select>
            </div>
            <div className={wrong === "" ? "field wide" : "field wide wrong"}>
              <label htmlFor={`${id}-headers`}>
                Headers<span className="optional"> optional</span>
              </label>
              <textarea
                ref={headersInput}
                id={`${id}-headers`}
                name="headers"
                className="code"
                rows={2}
                placeholder="X-Api-Key: …"
                spellCheck={false}
                value={headers}
                aria-invalid={wrong !== ""}
                aria-describedby={`${id}-headers-wrong`}
                onChange={(event) => setHeaders(event.target.value)}
              />
              <ul id={`${id}-headers-wrong`} className="errors">
                {wrong !== "" && <li>{wrong}</li>}
              </ul>
            </div>
          </div>
        </details>
      </form>
      <div className="connect-state" role="status">
        {busy && "Connecting …"}
      </div>
      {connection.at === "failed" && (
        <>
          <Failure error={connection.error} headline="Not connected" />
          <SignIn session={session} connection={connection} />
        </>
      )}
    </section>
  );
}

// Lines of "Name: value", or what is wrong with them. Values are never quoted.
function readHeaders(text: string): Record<string, string> | string {
  const headers: Record<string, string> = {};
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const match = /^\s*([!#$%&'*+.^_`|~\w-]+)\s*:\s*(.*?)\s*$/.exec(line);
    if (match === null) return `Line ${index + 1} is not of the form "Name: value".`;
    const [, name = "", value = ""] = match;
    headers[name] = value;
  }
  return headers;
}
