// From whatever the application gives to a compiled module.

import { badArgument, excerpt, RemoraError } from "./errors.js";

/** A WebAssembly.Module, or any object in a program whose types do not know WebAssembly (Node's do not). */
export type WasmModule = typeof globalThis extends { WebAssembly: { Module: { prototype: infer M } } } ? M : object;

/** The core's wasm: where it is, its bytes, an answer that brings them, or the module itself. */
export type WasmSource = string | URL | ArrayBuffer | ArrayBufferView | Response | WasmModule;

/** Changes the wasm's bytes before they are compiled. Throws plugin/missing for wasm that is not what it should be. */
export type Adapt = (wasm: Uint8Array) => Uint8Array;

/** Fetches or reads what a URL, or a path where there are paths, names. */
export type WasmReader = (where: string | URL) => Promise<Response | ArrayBufferView>;

/**
 * Compiles the wasm, while it is arriving where that is possible: not if adapt
 * is to change it first. Rejects with plugin/missing if there is none, or it
 * cannot be compiled.
 */
export async function compileWasm(
  given: WasmSource | Promise<WasmSource>,
  read: WasmReader,
  adapt?: Adapt,
): Promise<WebAssembly.Module> {
  let source = await given;
  if (typeof source === "string" || isA<URL>(source, "URL")) source = await read(source);
  try {
    if (isA<WebAssembly.Module>(source, "WebAssembly.Module")) {
      if (adapt === undefined) return source;
      throw badArgument(
        "options.wasm must be a URL, bytes or a Response here: a module that is compiled cannot be adapted",
      );
    }
    if (isA<Response>(source, "Response")) return await compileResponse(source, adapt);
    if (isA<ArrayBuffer>(source, "ArrayBuffer") || ArrayBuffer.isView(source)) return await compile(source, adapt);
  } catch (cause) {
    if (cause instanceof RemoraError) throw cause;
    const why = cause instanceof Error ? excerpt(cause.message) : "";
    throw new RemoraError(
      "plugin/missing",
      `the wasm cannot be compiled: ${why} (a page's Content-Security-Policy must have 'wasm-unsafe-eval' in its script-src)`,
      { cause },
    );
  }
  throw badArgument("options.wasm must be a URL, bytes, a Response, a WebAssembly.Module, or a promise of one of them");
}

// Streaming compilation refuses any other content type, and has then used the
// body up: look first.
async function compileResponse(response: Response, adapt?: Adapt): Promise<WebAssembly.Module> {
  if (!response.ok) throw new RemoraError("plugin/missing", `the wasm was not found (status ${response.status})`);
  const type = response.headers.get("content-type")?.split(";", 1)[0]?.trim().toLowerCase();
  if (adapt === undefined && type === "application/wasm" && typeof WebAssembly.compileStreaming === "function") {
    return WebAssembly.compileStreaming(response);
  }
  return compile(await response.arrayBuffer(), adapt);
}

function compile(wasm: ArrayBuffer | ArrayBufferView, adapt?: Adapt): Promise<WebAssembly.Module> {
  if (adapt === undefined) return WebAssembly.compile(wasm as BufferSource);
  const bytes = ArrayBuffer.isView(wasm)
    ? new Uint8Array(wasm.buffer, wasm.byteOffset, wasm.byteLength)
    : new Uint8Array(wasm);
  return WebAssembly.compile(adapt(bytes) as BufferSource);
}

/** Reads with fetch. */
export const fetchWasm: WasmReader = async (where) => {
  try {
    return await fetch(where);
  } catch (cause) {
    throw new RemoraError("plugin/missing", `the wasm at ${withoutQuery(where)} cannot be fetched`, { cause });
  }
};

/** A place for a message: without query and fragment. */
export function withoutQuery(where: string | URL): string {
  return String(where)
    .replace(/[?#].*$/s, "")
    .slice(0, 200);
}

// By its name, not by its class: it may come from another realm.
function isA<T>(value: unknown, name: string): value is T {
  return Object.prototype.toString.call(value) === `[object ${name}]`;
}
