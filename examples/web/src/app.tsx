// The page as a whole.

import { Announcements } from "./announce.js";
import { capability } from "./capability.js";
import { useCell } from "./cell.js";
import { Connect } from "./connect.js";
import { Elicitations } from "./elicitation.js";
import type { Listed } from "./listing.js";
import { LogPanel } from "./log/panel.js";
import { PromptsPanel } from "./prompts/panel.js";
import { ResourcesPanel } from "./resources/panel.js";
import { RootsPanel } from "./roots/panel.js";
import { Server } from "./server.js";
import type { Connection, Session } from "./session.js";
import { type Tab, Tabs } from "./tabs.js";
import { ToolsPanel } from "./tools.js";
import { TracePanel } from "./trace/panel.js";

/** Everything. url is what the address field begins with. */
export function App({ session, url }: { session: Session; url: string }) {
  const connection = useCell(session.connection);
  return (
    <>
      <header className="top">
        <h1>
          <img src="icon.svg" alt="" width="28" height="28" /> remora
        </h1>
        <Connect session={session} url={url} />
      </header>
      <main>
        {connection.at === "ready" ? (
          <Connected session={session} connection={connection} />
        ) : (
          <>
            <Welcome />
            <TracePanel log={session.trace} />
          </>
        )}
      </main>
      <Elicitations questions={session.questions} />
      <Announcements />
    </>
  );
}

// What the server does not have, has no tab; tools are what people look for first.
function Connected({ session, connection }: { session: Session; connection: Connection & { at: "ready" } }) {
  const { tools, resources, prompts, log, roots, trace } = session;
  const { client } = connection;
  const counts = {
    tools: counted(useCell(tools.state)),
    resources: sum(counted(useCell(resources.list.state)), counted(useCell(resources.templates.state))),
    prompts: counted(useCell(prompts.list.state)),
    log: useCell(log.messages).entries.length,
  };
  const live = useCell(trace.live);
  const opened = useCell(trace.opened);
  const tabs: (Tab & { needs?: string })[] = [
    { name: "tools", title: "Tools", count: counts.tools, panel: <ToolsPanel session={session} /> },
    {
      name: "resources",
      title: "Resources",
      needs: "resources",
      count: counts.resources,
      panel: <ResourcesPanel resources={resources} client={client} />,
    },
    {
      name: "prompts",
      title: "Prompts",
      needs: "prompts",
      count: counts.prompts,
      panel: <PromptsPanel prompts={prompts} client={client} />,
    },
    { name: "log", title: "Log", needs: "logging", count: counts.log, panel: <LogPanel log={log} /> },
    { name: "roots", title: "Roots", panel: <RootsPanel roots={roots} /> },
    { name: "trace", title: "Trace", count: (opened ?? live).events.length, panel: <TracePanel log={trace} /> },
  ];
  return (
    <>
      <Server session={session} connection={connection} />
      <Tabs
        label="What to look at"
        tabs={tabs.filter(({ needs }) => needs === undefined || capability(client, needs) !== undefined)}
      />
    </>
  );
}

function counted(listed: Listed<unknown>): number | undefined {
  return listed.at === "ready" ? listed.all.length : undefined;
}

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}

function Welcome() {
  return (
    <section className="welcome">
      <h2>Try an MCP server</h2>
      <p>
        Give the address of a server that speaks MCP over HTTP. This page shows its tools, resources and prompts, makes
        a form for each, and shows what comes back, what the server logs and what went over the wire.
      </p>
      <p className="hint">
        The server has to let pages of other origins in (CORS). Nothing goes anywhere else: the client runs in this
        page, in WebAssembly.
      </p>
    </section>
  );
}
