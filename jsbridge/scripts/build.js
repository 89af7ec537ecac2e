// Assembles the npm package in ../dist/npm from src/: ESM and CommonJS, with
// declarations for both. The wasm is put there by build.sh.

import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rollup } from "rollup";
import { dts } from "rollup-plugin-dts";
import ts from "typescript";
import { buildDir, writeGlue } from "./glue.js";

const src = fileURLToPath(new URL("../src/", import.meta.url));
const out = fileURLToPath(new URL("../../dist/npm/", import.meta.url));

const version = /^export const VERSION = "(.+)";$/m.exec(readFileSync(`${src}generated/wire.ts`, "utf8"))?.[1];
if (version === undefined) throw new Error("src/generated/wire.ts has no VERSION");

/** Transpiles the sources; types are checked by `npm run check`. */
const typescript = {
  name: "typescript",
  resolveId(source, importer) {
    if (source === "#go-glue") return join(buildDir, "go-glue.js");
    if (importer?.endsWith(".ts") && source.startsWith("./") && source.endsWith(".js")) {
      return this.resolve(source.replace(/\.js$/, ".ts"), importer, { skipSelf: true });
    }
    return null;
  },
  transform(code, id) {
    if (!id.endsWith(".ts")) return null;
    const { outputText, sourceMapText } = ts.transpileModule(code, {
      fileName: id,
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.ESNext,
        verbatimModuleSyntax: true,
        sourceMap: true,
      },
    });
    return { code: outputText, map: sourceMapText };
  },
};

/** CommonJS has no import.meta.url: Node's __filename says the same, elsewhere nothing does. */
const importMeta = {
  name: "import-meta",
  resolveImportMeta(property, { format, moduleId }) {
    if (format !== "cjs" || property !== "url") return null;
    return moduleId.endsWith(".node.ts") ? 'require("node:url").pathToFileURL(__filename).href' : "undefined";
  },
};

// What the entries share; what only one entry has is in it. The files that only Node may load have a name of
// their own, so that a test can tell that nothing else imports them.
function chunk(id) {
  if (/-beside\.(browser|node)\.ts$|worker-spawn/.test(id)) return undefined;
  if (/\/worker-(host|on|once|session)\.ts$/.test(id)) return "worker-client";
  if (/\/worker-serve\.ts$/.test(id)) return "worker-serve";
  if (/\/src\/(index|slim|extism|worker|worker-script|stdio|auth)(\.node)?\.ts$/.test(id)) return undefined;
  if (/\/(auth-(popup|redirect|chrome)|auth-\w+\.node|store-\w+(\.node)?)\.ts$/.test(id)) return undefined;
  return id.endsWith(".node.ts") ? "node" : "client";
}

const names = ["index", "slim", "extism", "worker"];
const entries = [...names.flatMap((name) => [name, `${name}.node`]), "stdio.node", "auth", "auth.node"];
// What a worker runs is ESM wherever it is started from.
const workerScripts = ["worker-script", "worker-script.node"];

function fail(warning) {
  throw new Error(`${warning.code}: ${warning.message}`);
}

async function scripts() {
  for (const [format, extension, inputs] of [
    ["es", "js", [...entries, ...workerScripts]],
    ["cjs", "cjs", entries],
  ]) {
    const bundle = await rollup({
      input: Object.fromEntries(inputs.map((name) => [name, `${src}${name}.ts`])),
      external: /^node:/,
      plugins: [typescript, importMeta],
      onwarn: fail,
    });
    await bundle.write({
      dir: out,
      format,
      entryFileNames: `[name].${extension}`,
      chunkFileNames: `[name].${extension}`,
      manualChunks: chunk,
      exports: "named",
      externalLiveBindings: false,
      generatedCode: "es2015",
    });
    await bundle.close();
  }
}

async function declarations() {
  for (const [kind, runtime] of [
    ["d.ts", "js"],
    ["d.cts", "cjs"],
  ]) {
    const bundle = await rollup({
      input: {
        ...Object.fromEntries([...names, "auth"].map((name) => [name, `${src}${name}.ts`])),
        stdio: `${src}stdio.node.ts`,
        "auth-node": `${src}auth.node.ts`,
      },
      plugins: [
        dts({
          tsconfig: fileURLToPath(new URL("../tsconfig.json", import.meta.url)),
          compilerOptions: { stripInternal: true },
        }),
      ],
      onwarn: fail,
    });
    const { output } = await bundle.generate({
      format: "es",
      chunkFileNames: "client.d.ts",
      manualChunks: (id) => (chunk(id) === undefined ? undefined : "client"),
    });
    for (const file of output) {
      const name = file.fileName.replace(/(\.d)?\.[jt]s$/, `.${kind}`);
      writeFileSync(`${out}${name}`, file.code.replace(/(["'])\.\/client(\.d)?(\.[jt]s)?\1/g, `"./client.${runtime}"`));
    }
    await bundle.close();
  }
}

function manifest() {
  const entry = (name) => ({
    node: {
      import: { types: `./${name}.d.ts`, default: `./${name}.node.js` },
      require: { types: `./${name}.d.cts`, default: `./${name}.node.cjs` },
    },
    import: { types: `./${name}.d.ts`, default: `./${name}.js` },
    require: { types: `./${name}.d.cts`, default: `./${name}.cjs` },
  });
  const single = (types, script) => ({
    import: { types: `./${types}.d.ts`, default: `./${script}.js` },
    require: { types: `./${types}.d.cts`, default: `./${script}.cjs` },
  });
  return {
    name: "remora-mcp",
    version,
    description:
      "A Model Context Protocol (MCP) client for browsers, extensions, workers and Node: one core in WebAssembly",
    keywords: ["mcp", "model-context-protocol", "client", "wasm", "webassembly"],
    license: "Apache-2.0",
    repository: { type: "git", url: "git+https://github.com/remora-mcp/remora.git", directory: "jsbridge" },
    type: "module",
    engines: { node: ">=20" },
    sideEffects: ["./worker-script.js", "./worker-script.node.js"],
    main: "./index.node.cjs",
    module: "./index.js",
    types: "./index.d.cts",
    exports: {
      ".": entry("index"),
      "./slim": entry("slim"),
      "./worker": entry("worker"),
      "./extism": entry("extism"),
      "./stdio": single("stdio", "stdio.node"),
      "./auth": single("auth", "auth"),
      "./auth/node": single("auth-node", "auth.node"),
      "./remora.wasm": "./remora.wasm",
      "./remora-plugin.wasm": "./remora-plugin.wasm",
      "./package.json": "./package.json",
    },
  };
}

// The wasm and the README may be there already.
mkdirSync(out, { recursive: true });
for (const name of readdirSync(out)) {
  if (/\.(js|cjs|ts|cts)$|^(package\.json|LICENSE-go)$/.test(name)) rmSync(`${out}${name}`);
}
writeGlue();
await scripts();
await declarations();
// For what looks for a subpath's file and not in the manifest (moduleResolution "node10").
mkdirSync(`${out}auth`, { recursive: true });
writeFileSync(`${out}auth/node.d.ts`, 'export * from "../auth-node.js";\n');
copyFileSync(`${buildDir}LICENSE-go`, `${out}LICENSE-go`);
writeFileSync(`${out}package.json`, `${JSON.stringify(manifest(), null, 2)}\n`);
