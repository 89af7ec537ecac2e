// Where the plugin is that comes with the package, on Node. A file of its own:
// the build gives it another import.meta.url in CommonJS, where there is none.

/** The URL of remora-plugin.wasm beside this file. */
export function pluginBeside(): URL {
  return new URL("./remora-plugin.wasm", import.meta.url);
}
