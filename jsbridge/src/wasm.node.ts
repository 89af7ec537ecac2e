// Finding the wasm on Node: files are read, everything else is fetched.

import { readFile } from "node:fs/promises";
import { RemoraError } from "./errors.js";
import { fetchWasm, type WasmReader, withoutQuery } from "./wasm.js";

/** Reads a file: URL or a path; fetches any other URL. */
export const readWasm: WasmReader = async (where) => {
  const url = where instanceof URL ? where : parse(where);
  if (url !== undefined && url.protocol !== "file:") return fetchWasm(url);
  try {
    return await readFile(url ?? where);
  } catch (cause) {
    throw new RemoraError("plugin/missing", `the wasm at ${withoutQuery(where)} cannot be read`, { cause });
  }
};

// A path is not a URL; on Windows "C:\..." looks like one.
function parse(where: string): URL | undefined {
  if (!/^[a-z][a-z0-9+.-]+:/i.test(where)) return undefined;
  try {
    return new URL(where);
  } catch {
    return undefined;
  }
}
