// Discovers a server's tools and calls one of them.
//
//   node examples/node/call.mjs [--login] URL [TOOL [JSON]]
//
// `--help` says more. MCP_TOKEN, if it is set, is sent to the server as bearer
// token.

import { parseArgs } from "node:util";
import { connect, RemoraError } from "remora-mcp";
import { fileStore, loopback } from "remora-mcp/auth/node";

const help = `usage: node call.mjs [--login] [--store FILE] URL [TOOL [JSON]]

Calls TOOL of the MCP server at URL with a JSON object as arguments, and prints
its result. Without TOOL it lists the tools. MCP_TOKEN in the environment is
sent to the server as bearer token. Ctrl-C cancels the call at the server.

  --login       log in with the browser if the server wants that; without a
                browser the page to open is printed
  --store FILE  with --login, keep the login in this file for the next time

Exit status:
  0    done
  1    the tool reported an error, or did not return what it declares
  2    wrong arguments; the tool was not called
  3    the server cannot be reached, is no MCP server, or refused the call
  130  Ctrl-C
`;

// An error that is explained by its message, and ends the program with status.
class Failure extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

function readCommandLine() {
  let parsed;
  try {
    const options = { help: { type: "boolean", short: "h" }, login: { type: "boolean" }, store: { type: "string" } };
    parsed = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new Failure(2, error.message);
  }
  const { help, login = false, store } = parsed.values;
  if (help) return { help: true };
  if (store !== undefined && !login) throw new Failure(2, "--store goes with --login");
  const [url, tool, json = "{}", ...more] = parsed.positionals;
  if (url === undefined || more.length > 0) throw new Failure(2, "want URL [TOOL [JSON]]; --help says more");
  return { url, tool, args: readArguments(json), login, store };
}

function readArguments(json) {
  let args;
  try {
    args = JSON.parse(json);
  } catch (error) {
    throw new Failure(2, `the arguments are not JSON: ${error.message}`);
  }
  if (typeof args !== "object" || args === null || Array.isArray(args)) {
    throw new Failure(2, 'the arguments must be a JSON object, like {"a": 2}');
  }
  return args;
}

// Text from a server, without what could move a terminal's cursor.
function printable(text) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about
  return String(text).replace(/[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, (c) => {
    return `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

function show(block) {
  switch (block.type) {
    case "text":
      return block.text;
    case "image":
    case "audio":
      return `[${block.type}, ${block.mimeType}, ${Buffer.from(block.data, "base64").length} bytes]`;
    case "resource_link":
      return `[link to ${block.uri}]`;
    case "resource":
      return block.resource.text ?? `[${block.resource.uri}, ${block.resource.mimeType ?? "unknown type"}]`;
    default:
      return JSON.stringify(block);
  }
}

// How many letters must be inserted, removed or replaced to make b of a.
function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}

function findTool(tools, name) {
  const found = tools.find((tool) => tool.name === name);
  if (found !== undefined) return found;
  const names = tools.map((tool) => tool.name);
  const near = names.filter((other) => other.includes(name) || distance(other.slice(0, 64), name.slice(0, 64)) <= 2);
  const hint = near.length > 0 ? `did you mean ${near.join(" or ")}?` : `it has: ${names.join(", ")}`;
  throw new Failure(2, `the server has no tool "${name}"; ${hint}`);
}

function checkArguments(tool, args) {
  const missing = (tool.inputSchema?.required ?? []).filter((name) => !Object.hasOwn(args, name));
  if (missing.length > 0) throw new Failure(2, `the tool "${tool.name}" also needs: ${missing.join(", ")}`);
}

// How the program gets at a token: it is given one, a person logs in, or there is none.
function credentials({ login, store }) {
  const token = process.env.MCP_TOKEN;
  if (token) return { token: () => token };
  if (!login) return {};
  return { auth: { ...loopback(), ...(store === undefined ? {} : { store: fileStore(store) }) } };
}

async function run({ url, tool: name, args, ...how }, signal) {
  const client = await connect(url, { signal, ...credentials(how) });
  try {
    const tools = [];
    for await (const tool of client.tools({ signal })) tools.push(tool);
    if (name === undefined) {
      for (const tool of tools) console.log(printable(`${tool.name}  ${tool.description ?? ""}`.trim()));
      return;
    }
    const tool = findTool(tools, name);
    checkArguments(tool, args);
    const result = await client.callTool({ name, arguments: args }, { signal });
    if (!Array.isArray(result.content)) throw new Failure(1, `the tool "${name}" returned no content`);
    for (const block of result.content) console.log(printable(show(block)));
    if (result.structuredContent !== undefined) {
      console.log(printable(JSON.stringify(result.structuredContent, null, 2)));
    }
    if (result.isError) throw new Failure(1, `the tool "${name}" reported an error`);
    if (tool.outputSchema !== undefined && result.structuredContent === undefined) {
      throw new Failure(1, `the tool "${name}" declares structured content and returned none`);
    }
  } finally {
    await client.close();
  }
}

// The first Ctrl-C cancels, and the server is told; a second one ends at once.
const interrupt = new AbortController();
process.once("SIGINT", () => interrupt.abort());
try {
  const command = readCommandLine();
  if (command.help) process.stdout.write(help);
  else await run(command, interrupt.signal);
} catch (error) {
  let { status } = error;
  let message = printable(error.message).replaceAll("\n", " ");
  if (error instanceof RemoraError) {
    message = `${error.code}: ${message}`;
    status = error.code === "local/bad_url" ? 2 : 3;
    if (error.code === "local/cancelled") status = 130;
  }
  console.error(`call: ${message}`);
  process.exitCode = status ?? 3;
}
