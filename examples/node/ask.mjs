// A tool that takes its time and one that asks a question: progress while the
// first works, and a person's answer to the second.
//
//   node examples/node/ask.mjs [--answer TEXT] URL
//
// The tools are those of `remora demo-server`. `--help` says more.

import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { connect, RemoraError } from "remora-mcp";

const help = `usage: node ask.mjs [--answer TEXT] URL

Calls two tools of \`remora demo-server\`, which runs at URL: "slow", showing its
progress, and "ask", which asks a question. The answer is read from standard
input, or is TEXT. Ctrl-D gives no answer; Ctrl-C cancels the call at the server.

Exit status:
  0    done, and everything was as it should be
  1    something was not as it should be; a message says what
  2    wrong arguments
  3    the server cannot be reached, is no MCP server, or refused a call
  130  Ctrl-C
`;

// An error that is explained by its message, and ends the program with status.
class Failure extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

function check(ok, message) {
  if (!ok) throw new Failure(1, message);
}

function readCommandLine() {
  let parsed;
  try {
    parsed = parseArgs({
      options: { answer: { type: "string" }, help: { type: "boolean", short: "h" } },
      allowPositionals: true,
    });
  } catch (error) {
    throw new Failure(2, error.message);
  }
  const { values, positionals } = parsed;
  if (!values.help && positionals.length !== 1) throw new Failure(2, "want [--answer TEXT] URL; --help says more");
  return { ...values, url: positionals[0] };
}

// Text from a server, without what could move a terminal's cursor.
function printable(text) {
  return String(text).replace(/[\p{Cc}\p{Cf}]/gu, " ");
}

// Reads standard input line by line.
class Lines {
  #input;
  #lines;

  // Resolves to the next line, or to undefined if there is none. Rejects if the
  // signal aborts, which is how a question ends that is not wanted any more.
  async next(prompt, signal) {
    signal.throwIfAborted();
    this.#input ??= createInterface({ input: process.stdin, terminal: false });
    this.#lines ??= this.#input[Symbol.asyncIterator]();
    process.stdout.write(prompt);
    const { value } = await new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      this.#lines.next().then(resolve, reject);
    });
    if (value === undefined) process.stdout.write("\n");
    return value;
  }

  close() {
    this.#input?.close();
  }
}

// What was typed, as the form's field wants it.
function typed(text, field) {
  if (field.type === "boolean") return /^(y|yes|true|1)$/i.test(text);
  if (field.type === "number" || field.type === "integer") return Number(text);
  return text;
}

// Answers elicitation/create. The form's schema says which fields there are.
// What it answers is added to given.
function person(fixed, lines, given) {
  return async ({ message, requestedSchema }, { origin, signal }) => {
    console.log(`${origin} asks: ${printable(message)}`);
    const content = {};
    for (const [name, field] of Object.entries(requestedSchema?.properties ?? {})) {
      const choice = field.enum === undefined ? "" : ` (${field.enum.join(", ")})`;
      const prompt = `  ${printable((field.title ?? name) + choice)}: `;
      let text = fixed;
      if (text === undefined) text = await lines.next(prompt, signal);
      else console.log(prompt + text);
      if (text === undefined) return { action: "cancel" };
      if (text !== "") content[name] = typed(text, field);
    }
    given.push(content);
    return { action: "accept", content };
  };
}

// The text of a result's first block. A tool's own failure is a result too.
function textOf(result) {
  const text = result.content[0]?.text;
  check(text !== undefined, `the tool returned ${JSON.stringify(result.content)}, want text`);
  check(!result.isError, `the tool reported an error: ${printable(text)}`);
  return text;
}

async function slow(client, signal) {
  const seen = [];
  const onprogress = ({ progress, total, message }) => {
    seen.push(progress);
    console.log(`  ${progress} of ${total}  ${printable(message ?? "")}`);
  };
  const call = client.callTool({ name: "slow", arguments: { steps: 5, delayMs: 200 } }, { signal, onprogress });
  console.log(printable(textOf(await call)));
  // All of them, in order, and before the result.
  check(seen.join() === "1,2,3,4,5", `the progress was ${seen}, want 1 to 5`);
}

async function ask(client, signal, given) {
  const call = client.callTool({ name: "ask", arguments: { question: "Which colour?" } }, { signal });
  const text = textOf(await call);
  console.log(printable(text));
  const want = given.length === 0 ? "no answer: cancel" : `the answer is: ${given[0].answer}`;
  check(text === want, `the tool said "${printable(text)}", want "${printable(want)}"`);
}

async function run({ url, answer }, signal) {
  const given = [];
  const lines = new Lines();
  const client = await connect(url, { signal, handlers: { elicit: person(answer, lines, given) } });
  try {
    const names = [];
    for await (const { name } of client.tools({ signal })) names.push(name);
    for (const name of ["slow", "ask"]) {
      if (!names.includes(name)) throw new Failure(2, `the server has no tool "${name}"; remora demo-server has it`);
    }
    await slow(client, signal);
    await ask(client, signal, given);
  } finally {
    lines.close();
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
  let message = printable(error.message);
  if (error instanceof RemoraError) {
    message = `${error.code}: ${message}`;
    status = error.code === "local/bad_url" ? 2 : 3;
    if (error.code === "local/cancelled") status = 130;
  }
  console.error(`ask: ${message}`);
  process.exitCode = status ?? 1;
}
