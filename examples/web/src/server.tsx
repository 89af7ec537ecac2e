// The server, as it introduces itself.

import type { Client } from "remora-mcp";
import type { Connection, Session } from "./session.js";
import { SignedIn } from "./signin.js";

/** What is known of the server of an open session. */
export function Server({ session, connection }: { session: Session; connection: Connection & { at: "ready" } }) {
  const { client, state } = connection;
  const { serverInfo, protocolVersion, instructions } = client;
  return (
    <section className="server" aria-label="Server">
      <div className="server-head">
        <h2>{serverInfo?.title ?? serverInfo?.name ?? "A server without a name"}</h2>
        <ul className="tags" aria-label="Facts">
          {serverInfo?.title !== undefined && <li className="tag">{serverInfo.name}</li>}
          {serverInfo?.version !== undefined && <li className="tag">version {serverInfo.version}</li>}
          <li className="tag">MCP {protocolVersion}</li>
          {capabilities(client).map((name) => (
            <li key={name} className="tag can">
              {name}
            </li>
          ))}
        </ul>
      </div>
      <SignedIn session={session} connection={connection} />
      {instructions && <p className="instructions">{instructions}</p>}
      <p className="connect-state" role="status">
        {state !== undefined && state.state !== "ready" && `The connection is ${state.state}. ${state.reason ?? ""}`}
      </p>
    </section>
  );
}

function capabilities(client: Client): string[] {
  return Object.keys(client.capabilities ?? {}).slice(0, 20);
}
