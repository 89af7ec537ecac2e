// Where the wasm is that comes with the package. The expression is literal:
// bundlers recognize it and bring the file along.

/** The URL of remora.wasm beside this file. */
export function wasmBeside(): URL {
  return new URL("./remora.wasm", import.meta.url);
}
