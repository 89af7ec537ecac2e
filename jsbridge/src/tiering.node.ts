// When V8 compiles a function of the core a second time, better.
//
// It does so on other threads once a function has done some work, while the core
// starts: on two processors that takes about as long as the start itself. The
// work that a function must have done is a flag of V8, the tiering budget; V8
// looks at it when a module is compiled. It is raised for as long as the core's
// module is compiled. The functions that matter pass it within a few dozen calls.

import { require } from "./require.node.js";

// What the flag is unless it is set, by Node's major version. It cannot be asked
// for, and other versions are left alone.
const defaults: Readonly<Record<string, number>> = { 20: 1_800_000, 22: 13_000_000, 24: 13_000_000 };
const raised = 60_000_000;
const flag = "--wasm-tiering-budget";

let compiling = 0;

/** Runs compile with the budget raised. Others that compile wasm meanwhile get it too. */
export async function withLateTiering<T>(compile: () => Promise<T>): Promise<T> {
  const budget = defaults[process.versions.node.split(".", 1)[0] as string];
  if (budget === undefined || isChosen()) return compile();
  if (compiling++ === 0) setFlag(raised);
  try {
    return await compile();
  } finally {
    if (--compiling === 0) setFlag(budget);
  }
}

// Whoever started the process may have chosen a budget, with a dash or an underscore.
function isChosen(): boolean {
  return [...process.execArgv, process.env["NODE_OPTIONS"] ?? ""].some((option) =>
    /wasm[-_](dynamic[-_])?tiering|liftoff/.test(option),
  );
}

function setFlag(budget: number): void {
  try {
    const v8 = require("node:v8") as typeof import("node:v8");
    v8.setFlagsFromString(`${flag}=${budget}`);
  } catch {
    // Then the budget stays what it is.
  }
}
