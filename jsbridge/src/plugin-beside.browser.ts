// Where the plugin is that comes with the package. The expression is literal:
// bundlers recognize it and bring the file along.

/** The URL of remora-plugin.wasm beside this file. */
export function pluginBeside(): URL {
  return new URL("./remora-plugin.wasm", import.meta.url);
}
