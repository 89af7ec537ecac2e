// Where the wasm is that comes with the package, on Node. A file of its own:
// the build gives it another import.meta.url in CommonJS, where there is none.

/** The URL of remora.wasm beside this file. */
export function wasmBeside(): URL {
  return new URL("./remora.wasm", import.meta.url);
}
