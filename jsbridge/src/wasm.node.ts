// Finding the wasm on Node: files are read, everything else is fetched.

import { open } from "node:fs/promises";
import { RemoraError } from "./errors.js";
import { fetchWasm, type WasmReader, withoutQuery } from "./wasm.js";

/** Reads a file: URL or a path; fetches any other URL. */
export const readWasm: WasmReader = async (where) => {
  const url = where instanceof URL ? where : parse(where);
  if (url !== undefined && url.protocol !== "file:") return fetchWasm(url);
  try {
    return await readAtOnce(url ?? where);
  } catch (cause) {
    throw new RemoraError("plugin/missing", `the wasm at ${withoutQuery(where)} cannot be read`, { cause });
  }
};

// readFile reads in pieces, which takes twice as long.
async function readAtOnce(where: string | URL): Promise<Uint8Array> {
  const file = await open(where);
  try {
    const bytes = Buffer.allocUnsafeSlow((await file.stat()).size);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    return bytesRead > 0 && bytesRead === bytes.length ? bytes : await file.readFile();
  } finally {
    await file.close();
  }
}

// A path is not a URL; on Windows "C:\..." looks like one.
function parse(where: string): URL | undefined {
  if (!/^[a-z][a-z0-9+.-]+:/i.test(where)) return undefined;
  try {
    return new URL(where);
  } catch {
    return undefined;
  }
}
