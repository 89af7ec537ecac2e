// Uses every method of a client, every option and every export, as an application
// would. types.test.ts compiles it; it is not run.

import {
  type AuthOptions,
  type BinaryContent,
  blob,
  type CacheMode,
  type CallToolResult,
  type Challenge,
  type Client,
  type ClientCapabilities,
  type ConnectOptions,
  connect,
  createGroup,
  dataURL,
  discover,
  type ElicitParams,
  type ElicitResult,
  type Events,
  type Group,
  type GroupOptions,
  type Handlers,
  type InvalidResult,
  type LoggingLevel,
  type LoginStatus,
  login,
  logout,
  memoryStore,
  prefixedName,
  RemoraError,
  type RequestOptions,
  type RestoreOptions,
  type Root,
  restore,
  run,
  type SampleParams,
  type SampleResult,
  type Snapshot,
  structured,
  type Tool,
  text,
  typed,
  whoami,
} from "remora-mcp";

function fillIn({ mode, message, url, requestedSchema }: ElicitParams): ElicitResult {
  if (mode === "url") return { action: (url satisfies string | undefined) === undefined ? "cancel" : "decline" };
  const content: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(requestedSchema?.properties ?? {})) {
    content[name] =
      field.default ?? field.enum?.[0] ?? field.oneOf?.[0]?.const ?? field.items?.anyOf?.[0]?.const ?? message;
  }
  return { action: "accept", content };
}

async function write({ messages, tools, toolChoice, modelPreferences }: SampleParams): Promise<SampleResult> {
  const last = messages.at(-1);
  const blocks = Array.isArray(last?.content) ? last.content : [last?.content];
  const seen: unknown[] = blocks.map((block) => block?.["text"]);
  if (tools !== undefined && toolChoice?.mode !== "none") {
    const use = { type: "tool_use" as const, id: "1", name: tools[0]?.name ?? "", input: { seen } };
    return {
      role: "assistant",
      model: modelPreferences?.hints?.[0]?.name ?? "m",
      stopReason: "toolUse",
      content: [use],
    };
  }
  return { role: "assistant", model: "m", content: { type: "text", text: String(seen.length) } };
}

const handlers: Handlers = {
  elicit: (params, { signal, origin, call, deadlineMs, sessionInfo }) => {
    signal.addEventListener("abort", () => [origin, call, deadlineMs, sessionInfo.serverInfo?.name]);
    return fillIn(params);
  },
  sample: write,
};
const capabilities: ClientCapabilities = { elicitation: { form: {}, url: {} }, sampling: { tools: {}, context: {} } };
const roots: Root[] = [{ uri: "file:///a", name: "a" }];
const cacheMode: CacheMode = "refresh";
const logLevel: LoggingLevel = "warning";

export const options: ConnectOptions = {
  wasm: new Uint8Array(),
  clientInfo: { name: "n", version: "1", title: "N" },
  headers: { "X-Key": "k" },
  token: async () => undefined,
  fetch: (url, init) => fetch(url, init),
  policy: { origins: ["https://example.com"] },
  protocolVersion: "2026-07-28",
  limits: { maxBodyBytes: 1, maxEventBytes: 1, maxDepth: 1, maxCalls: 1, maxAsks: 1 },
  handlers,
  capabilities,
  roots,
  validateOutput: "always",
  cacheMode,
  listMaxPages: 3,
  logLevel,
  signal: new AbortController().signal,
  timeout: 1,
};

const request: RequestOptions = {
  signal: new AbortController().signal,
  timeout: 1,
  maxTotalTimeout: 2,
  resetTimeoutOnProgress: false,
  onprogress: ({ progress, total, message }) => [progress satisfies number, total, message],
};

async function about(client: Client): Promise<void> {
  const names: (string | undefined)[] = [
    client.serverInfo?.name,
    client.instructions,
    client.protocolVersion,
    client.getServerVersion()?.version,
    client.getInstructions(),
    client.getNegotiatedProtocolVersion(),
  ];
  const parts: unknown[] = [names, client.capabilities?.["tools"], client.getServerCapabilities(), client.meta];
  await client.ping(request);
  const { open } = await client.stats();
  parts.push(open satisfies number);
}

function listen(client: Client): () => void {
  const offs = [
    client.on("log", ({ level, data }: Events["log"]) => [level, data]),
    client.on("progress", ({ progress }) => progress),
    client.on("state", ({ state, reason }) => [state, reason]),
    client.on("elicitationComplete", ({ elicitationId }) => elicitationId satisfies string),
    client.on("toolsChanged", () => {}),
    client.on("promptsChanged", () => {}),
    client.on("resourcesChanged", () => {}),
    client.on("resourceUpdated", ({ uri }) => uri satisfies string),
  ];
  return () => {
    for (const off of offs) off();
  };
}

async function lists(client: Client): Promise<Tool[]> {
  for await (const tool of client.tools(request)) tool.name satisfies string;
  for await (const resource of client.resources()) resource.uri satisfies string;
  for await (const template of client.resourceTemplates()) template.uriTemplate satisfies string;
  for await (const prompt of client.prompts()) prompt.name satisfies string;
  const raw: string[] = [
    await client.listToolsRaw({ cursor: "" }),
    await client.listResourcesRaw(),
    await client.listResourceTemplatesRaw(),
    await client.listPromptsRaw(),
  ];
  const { resources } = await client.listResources({}, { cacheMode });
  const { resourceTemplates } = await client.listResourceTemplates();
  const { prompts } = await client.listPrompts();
  raw.push(...[...resources, ...resourceTemplates, ...prompts].map(({ name }) => name));
  const { tools, nextCursor } = await client.listTools({ cursor: "" }, request);
  raw.push(nextCursor ?? "");
  return tools;
}

async function resources(client: Client, uri: string): Promise<string> {
  const { contents } = await client.readResource({ uri });
  const parts: BinaryContent[] = [...contents];
  await client.subscribeResource({ uri });
  await client.unsubscribeResource({ uri });
  return parts.map(dataURL).join() + (await client.readResourceRaw({ uri }));
}

async function prompts(client: Client): Promise<string> {
  const { messages } = await client.getPrompt({ name: "p", arguments: { a: "b" } });
  const { completion } = await client.complete({
    ref: { type: "ref/prompt", name: "p" },
    argument: { name: "a", value: "" },
  });
  await client.setLoggingLevel(logLevel);
  const raw = [
    await client.getPromptRaw({ name: "p" }),
    await client.completeRaw({ ref: { type: "ref/resource", uri: "x" }, argument: { name: "a", value: "" } }),
  ];
  return [...messages.map((message) => text(message)), ...completion.values, ...raw].join();
}

async function call(client: Client): Promise<number> {
  const params = { name: "t", arguments: { a: 1 }, _meta: { k: "v" } };
  let result: CallToolResult;
  try {
    result = await client.callTool(params, request);
  } catch (error) {
    if (!(error instanceof RemoraError)) throw error;
    const { code, message, data, status, rpcCode, retryable, sent } = error;
    const invalid = code === "rpc/invalid_result" ? (data as InvalidResult) : undefined;
    throw new RemoraError(code, message + String(invalid?.pointer), { status, rpcCode, retryable, sent, cause: error });
  }
  for (const block of result.content) {
    if (block.type === "image") (await blob(block).arrayBuffer()).byteLength satisfies number;
  }
  (await client.callToolRaw(params)) satisfies string;
  return structured<{ sum: number }>(result).sum + text(result).length;
}

interface Tools {
  add: { input: { a: number; b: number }; output: { sum: number } };
}

async function typedCall(client: Client): Promise<number> {
  const result = await typed<Tools>(client).callTool({ name: "add", arguments: { a: 1, b: 2 } });
  return structured(result).sum;
}

async function once(): Promise<unknown[]> {
  const { server, tools } = await discover("https://example.com/mcp", { headers: { "X-Key": "k" } });
  const answer = await run("https://example.com/mcp", tools[0]?.name ?? "", { a: 1 }, { timeout: 1 });
  return [server, answer];
}

const auth: AuthOptions = {
  authorize: async ({ url, redirectUrl, issuer }, { signal }) => {
    signal.throwIfAborted();
    return `${redirectUrl}?${new URLSearchParams({ url, issuer })}`;
  },
  redirectUrl: "https://example.com/back",
  store: memoryStore(),
  clientId: "c",
  scopes: ["s"],
};

async function logins(): Promise<unknown[]> {
  const server = "https://example.com/mcp";
  try {
    const { authorized, issuer, scopes, expiresMs }: LoginStatus = await login(server, { auth, again: true });
    return [
      authorized,
      issuer,
      scopes?.length,
      expiresMs,
      await whoami(server, { auth }),
      await logout(server, { auth }),
    ];
  } catch (error) {
    if (!(error instanceof RemoraError) || error.code !== "auth/denied") throw error;
    const { description, scopes } = error.data as Challenge;
    return [description, scopes];
  }
}

const groupOptions: GroupOptions = {
  naming: (id, server) => prefixedName(server, id),
  handlers: { elicit: (params, { server }) => ({ ...fillIn(params), _meta: { server } }) },
};

async function together(group: Group): Promise<unknown[]> {
  const { state, error, collisions, client } = await group.add("a", "https://example.com/mcp", { allowDown: true });
  const off = group.on("toolsChanged", ({ server }) => server satisfies string);
  const collided = group.on("collision", (collision) => collision);
  const names: string[] = [];
  for (const { name, server, tool } of await group.listTools(request)) names.push(name, server, tool.name);
  for (const { name, prompt } of await group.listPrompts()) names.push(name, prompt.name);
  for (const { server, resource } of await group.listResources()) names.push(server, resource.uri);
  for (const { resourceTemplate } of await group.listResourceTemplates()) names.push(resourceTemplate.uriTemplate);
  const done = [
    await group.callTool({ name: "a__t" }, request),
    await group.callToolRaw({ name: "a__t" }),
    await group.getPrompt({ name: "a__p" }),
    await group.readResource({ uri: "x:/" }, { server: "a", cacheMode }),
    await group.reconnect("a"),
    group.servers().map(({ name }) => name),
    group.server("a")?.state,
  ];
  off();
  collided();
  await group.remove("a");
  await group.close();
  return [state, error?.code, collisions.length, client, names, done];
}

async function goOn(client: Client): Promise<Snapshot> {
  const snapshot: Snapshot = await client.snapshot({ ...request, credentials: true, cache: true });
  const key: string[] = [snapshot.server, snapshot.secret?.sessionId ?? "", snapshot.secret?.headers?.[0]?.[1] ?? ""];
  await client.close({ keep: true });
  const again: RestoreOptions = { ...options, server: new URL("https://example.com/mcp") };
  await using next: Client = await restore(snapshot, again);
  key.push(next.protocolVersion ?? "");
  return snapshot;
}

export async function use(): Promise<unknown[]> {
  await using client: Client = await connect(new URL("https://example.com/mcp"), options);
  const stop = listen(client);
  await about(client);
  await client.setRoots(roots, request);
  const done = [await lists(client), await resources(client, "x:/"), await prompts(client), await call(client)];
  done.push(await typedCall(client));
  stop();
  done.push((await goOn(client)).remora);
  await client.close();
  return [...done, await once(), await logins(), await together(createGroup(groupOptions))];
}
