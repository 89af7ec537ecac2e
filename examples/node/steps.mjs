// What demo.mjs and extism.mjs share: a list of steps, what came of each, and how
// long it took.

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

const rows = [];

// Throws unless ok.
export function check(ok, message) {
  if (!ok) throw new Error(message);
}

// Runs one step, which says what came of it, and notes the time it took.
export async function step(name, work) {
  const start = performance.now();
  let outcome;
  try {
    outcome = await work();
  } catch (error) {
    throw new Error(`${name}: ${error.message}`, { cause: error });
  }
  const took = performance.now() - start;
  console.log(`  ${name.padEnd(10)} ${outcome}`);
  rows.push(`${name}\t${outcome}\t${took.toFixed(1)}\n`);
}

// Stands for a person: shows the question and fills in every field.
export function answer({ message, requestedSchema }) {
  console.log(`             the server asks: "${message}"`);
  const fields = Object.keys(requestedSchema?.properties ?? {});
  return { action: "accept", content: Object.fromEntries(fields.map((name) => [name, "forty-two"])) };
}

// Runs a program whose command line is [--rows FILE] URL. The status is 1 if run
// throws, which gets the URL; end is called in any case. With --rows one line for
// each step is written: its name, what came of it, and the milliseconds it took,
// with tabs between them.
export async function main(program, run, end) {
  const { values, positionals } = parseArgs({ options: { rows: { type: "string" } }, allowPositionals: true });
  if (positionals.length !== 1 || !URL.canParse(positionals[0])) {
    console.error(`usage: node ${program}.mjs [--rows FILE] URL`);
    process.exit(2);
  }
  try {
    await run(positionals[0]);
  } catch (error) {
    console.error(`${program}: ${error.message}`);
    process.exitCode = 1;
  } finally {
    await end();
    if (values.rows !== undefined) writeFileSync(values.rows, rows.join(""));
  }
}
