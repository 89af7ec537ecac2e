// Errors, as a person can make something of them.

import { type Code, RemoraError } from "remora-mcp";
import { Json } from "./json.js";

const titles: Partial<Record<Code, string>> = {
  "local/bad_url": "This is not the address of a server",
  "local/timeout": "The server did not answer in time",
  "local/too_large": "The answer is too large",
  "http/cors": "The server does not let this page in",
  "http/network": "The server cannot be reached",
  "http/not_mcp": "This is not an MCP server",
  "http/status": "The server refused the request",
  "http/session_gone": "The server has forgotten the session",
  "rpc/error": "The server answered with an error",
  "auth/required": "The server wants credentials",
  "auth/denied": "The credentials were refused",
  "auth/insufficient_scope": "The credentials are not for this",
  "auth/refresh_failed": "The credentials have expired",
  "policy/origin": "The page's policy does not allow this address",
  "policy/redirect": "The server redirects, which a page cannot follow safely",
  "plugin/missing": "The client's WebAssembly is missing",
  "plugin/trap": "The client itself has failed",
};

const sent = {
  no: "The request was not sent.",
  yes: "The server has received the request.",
  unknown: "The server may have received the request.",
};

/** Says what went wrong. headline is for what has no title of its own. */
export function Failure({ error, headline }: { error: unknown; headline: string }) {
  if (!(error instanceof RemoraError)) {
    return (
      <div className="failure" role="alert">
        <p className="failure-title">{headline}</p>
        <p>{error instanceof Error ? error.message : String(error)}</p>
      </div>
    );
  }
  const { code, message, status, rpcCode, data } = error;
  return (
    <div className="failure" role="alert">
      <p className="failure-title">{titles[code] ?? headline}</p>
      <p className="failure-message">{message}</p>
      <p className="failure-facts">
        <code>{code}</code>
        {status !== undefined && <span>HTTP status {status}</span>}
        {rpcCode !== undefined && <span>error number {rpcCode}</span>}
        <span>{sent[error.sent]}</span>
      </p>
      {data !== undefined && (
        <details>
          <summary>Details</summary>
          <Json value={data} name="error.json" />
        </details>
      )}
    </div>
  );
}
