// The page as a whole.

import { useState } from "react";
import { Announcements } from "./announce.js";
import { useCell } from "./cell.js";
import { Connect } from "./connect.js";
import { Elicitations } from "./elicitation.js";
import { Server } from "./server.js";
import { Session } from "./session.js";
import { Tabs } from "./tabs.js";
import { ToolsPanel } from "./tools.js";
import { TracePanel } from "./trace/panel.js";

/** Everything. url is what the address field begins with. */
export function App({ url }: { url: string }) {
  const [session] = useState(() => new Session());
  const connection = useCell(session.connection);
  const tools = useCell(session.tools);
  const live = useCell(session.trace.live);
  const opened = useCell(session.trace.opened);
  const trace = opened ?? live;
  const ready = connection.at === "ready";
  const tracePanel = <TracePanel log={session.trace} />;
  return (
    <>
      <header className="top">
        <h1>
          <img src="icon.svg" alt="" width="28" height="28" /> remora
        </h1>
        <Connect session={session} url={url} />
      </header>
      <main>
        {ready ? (
          <>
            <Server connection={connection} />
            <Tabs
              label="What to look at"
              tabs={[
                {
                  name: "tools",
                  title: "Tools",
                  ...(tools.at === "ready" ? { count: tools.all.length } : {}),
                  panel: <ToolsPanel session={session} />,
                },
                { name: "trace", title: "Trace", count: trace.events.length, panel: tracePanel },
              ]}
            />
          </>
        ) : (
          <>
            <Welcome />
            {tracePanel}
          </>
        )}
      </main>
      <Elicitations questions={session.questions} />
      <Announcements />
    </>
  );
}

function Welcome() {
  return (
    <section className="welcome">
      <h2>Try an MCP server</h2>
      <p>
        Give the address of a server that speaks MCP over HTTP. This page lists its tools, makes a form for each, calls
        them, and shows what comes back and what went over the wire.
      </p>
      <p className="hint">
        The server has to let pages of other origins in (CORS). Nothing goes anywhere else: the client runs in this
        page, in WebAssembly.
      </p>
    </section>
  );
}
