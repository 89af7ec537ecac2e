// The package's files: what may be in which, and what is declared.

import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import ts from "typescript";
import { demoServer } from "./support/servers.js";

const dist = fileURLToPath(new URL("../../../../dist/npm/", import.meta.url));
const read = (name: string) => readFileSync(join(dist, name), "utf8");
const names = readdirSync(dist);
const scripts = names.filter((name) => /\.c?js$/.test(name));
const declarations = names.filter((name) => /\.d\.c?ts$/.test(name));

function parse(name: string): ts.SourceFile {
  return ts.createSourceFile(name, read(name), ts.ScriptTarget.Latest, true);
}

function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

/** What a file imports or requires, statically or not. */
function imports(name: string): string[] {
  const found: string[] = [];
  walk(parse(name), (node) => {
    const source =
      ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
        ? node.moduleSpecifier
        : ts.isCallExpression(node) &&
            (node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText() === "require")
          ? node.arguments[0]
          : undefined;
    if (source === undefined) return;
    assert.ok(ts.isStringLiteral(source), `${name} imports something computed`);
    found.push(source.text);
  });
  return found;
}

/** A file and everything that it leads to. */
function graph(name: string, seen = new Set<string>()): Set<string> {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const source of imports(name)) if (source.startsWith("./")) graph(source.slice(2), seen);
  return seen;
}

// Loading it takes some 20 ms of a process's start, and naming one of its globals is enough.
test("Node's fetch is not loaded by an import, nor by a call", async () => {
  const server = await demoServer();
  const loaded = "process.moduleLoadList.filter((name) => /undici|fetch/.test(name)).join()";
  const programs = ["remora-mcp/slim", "remora-mcp/extism", "remora-mcp/worker", "remora-mcp/auth/node"].map(
    (entry) => `await import("${entry}"); process.stdout.write(${loaded});`,
  );
  programs.push(`
    const { connect } = await import("remora-mcp");
    const client = await connect("${server.url}");
    await client.callTool({ name: "add", arguments: { a: 1, b: 2 } });
    await client.close();
    process.stdout.write(${loaded});`);
  for (const program of programs) {
    const arguments_ = ["--input-type=module", "--eval", program];
    const { stdout } = await promisify(execFile)(process.execPath, arguments_, { cwd: import.meta.dirname });
    assert.equal(stdout, "", program);
  }
  await server.close();
});

test("no Node builtin is in what a browser loads", () => {
  const named = ["index", "slim", "extism", "worker"].flatMap((name) => [`${name}.js`, `${name}.cjs`]);
  for (const entry of [...named, "worker-script.js", "auth.js", "auth.cjs"]) {
    for (const name of graph(entry)) {
      const foreign = imports(name).filter((source) => !source.startsWith("./"));
      assert.deepEqual(foreign, [], `${name}, by ${entry}`);
      assert.doesNotMatch(
        read(name).replace(/\/\/.*|\/\*[\s\S]*?\*\//g, ""),
        /\bprocess\.|\bBuffer\b|__filename|__dirname/,
        name,
      );
    }
  }
});

test("what Node loads names its builtins with node:", () => {
  for (const entry of ["index", "slim", "extism", "worker"].flatMap((name) => [
    `${name}.node.js`,
    `${name}.node.cjs`,
  ])) {
    const foreign = [...graph(entry)].flatMap(imports).filter((source) => !source.startsWith("./"));
    assert.ok(foreign.length > 0);
    for (const source of foreign) {
      assert.match(source, /^node:/);
      assert.ok(builtinModules.includes(source.slice(5).split("/")[0] ?? ""), source);
    }
  }
});

test("the wasm is found by the expression that bundlers know, and only by the entry that brings it", () => {
  for (const entry of ["index.js", "index.node.js", "worker-script.js", "worker-script.node.js"]) {
    assert.match(read(entry), /new URL\("\.\/remora\.wasm", import\.meta\.url\)/);
  }
  for (const entry of ["extism.js", "extism.node.js"]) {
    assert.match(read(entry), /new URL\("\.\/remora-plugin\.wasm", import\.meta\.url\)/);
  }
  for (const entry of ["slim.js", "slim.node.js", "slim.cjs", "slim.node.cjs"]) {
    for (const name of graph(entry))
      assert.doesNotMatch(read(name), /import\.meta|remora(-plugin)?\.wasm/, `${name}, by ${entry}`);
  }
});

test("what logs a person in is in no entry but its own", () => {
  for (const entry of ["index", "slim", "extism", "worker"].flatMap((name) => [`${name}.js`, `${name}.node.js`])) {
    for (const name of graph(entry)) {
      assert.doesNotMatch(name, /^auth/, entry);
      assert.doesNotMatch(
        read(name),
        /indexedDB|BroadcastChannel|launchWebAuthFlow|localStorage/,
        `${name}, by ${entry}`,
      );
    }
  }
});

test("no code is made from strings, and no global is set", () => {
  for (const name of scripts) {
    walk(parse(name), (node) => {
      if (ts.isIdentifier(node)) assert.notEqual(node.text, "eval", name);
      if (ts.isNewExpression(node) || ts.isCallExpression(node))
        assert.notEqual(node.expression.getText(), "Function", name);
    });
  }
});

test("no declaration says any", () => {
  assert.ok(declarations.length >= 4);
  for (const name of declarations) {
    walk(parse(name), (node) => {
      if (node.kind !== ts.SyntaxKind.AnyKeyword) return;
      assert.fail(`${name}: ${node.parent.getText()}`);
    });
  }
});

test("what is for the package alone is not declared", () => {
  for (const name of declarations) assert.doesNotMatch(read(name), /Cores|Settings|SessionPeer|@internal/, name);
});

test("every path of the manifest is there", () => {
  const manifest = JSON.parse(read("package.json")) as {
    exports: unknown;
    main: string;
    module: string;
    types: string;
  };
  const paths: string[] = [manifest.main, manifest.module, manifest.types];
  const collect = (value: unknown): void => {
    if (typeof value === "string") paths.push(value);
    else if (typeof value === "object" && value !== null) Object.values(value).forEach(collect);
  };
  collect(manifest.exports);
  for (const path of paths) assert.ok(existsSync(join(dist, path)), path);
  for (const entry of ["index.js", "index.cjs"]) assert.doesNotMatch(read(entry), /\bdefault\b/, "named exports only");
});

test("both formats export the same", async () => {
  const shared = [
    "Client",
    "Group",
    "RemoraError",
    "blob",
    "connect",
    "dataURL",
    "memoryStore",
    "prefixedName",
    "structured",
    "text",
    "typed",
  ];
  for (const [a, b, more] of [
    ["remora-mcp", "index.node.cjs", ["createGroup", "discover", "login", "logout", "restore", "run", "whoami"]],
    ["remora-mcp/slim", "slim.node.cjs", ["createGroup", "discover", "login", "logout", "restore", "run", "whoami"]],
    ["remora-mcp/extism", "extism.node.cjs", ["restore"]],
    [
      "remora-mcp/auth",
      "auth.cjs",
      [
        ...["chromeIdentity", "chromeStorageStore", "finishPopup", "indexedDBKeyPair", "indexedDBStore"],
        ...["localStorageStore", "memoryStore", "popup", "redirect"],
      ],
    ],
    ["remora-mcp/auth/node", "auth.node.cjs", ["fileStore", "loopback", "memoryStore", "paste"]],
    [
      "remora-mcp/worker",
      "worker.node.cjs",
      ["createGroup", "discover", "login", "logout", "restore", "run", "whoami"],
    ],
  ] as const) {
    const esm: unknown = await import(a);
    const cjs: unknown = (await import(join(dist, b))).default;
    const expected = [...(a.includes("/auth") ? [] : shared), ...more].sort();
    assert.deepEqual(Object.keys(esm as object).sort(), expected, a);
    assert.deepEqual(Object.keys(cjs as object).sort(), expected, b);
  }
});

test("an error of one entry is an error of the other", async () => {
  const index = await import("remora-mcp");
  const slim = await import("remora-mcp/slim");
  const extism = await import("remora-mcp/extism");
  for (const other of [slim, extism]) {
    assert.equal(index.RemoraError, other.RemoraError);
    assert.equal(index.Client, other.Client);
  }
});

test("Go's licence is there, and the glue is its toolchain's, word for word", () => {
  const goroot = execFileSync("go", ["env", "GOROOT"], { encoding: "utf8" }).trim();
  assert.equal(read("LICENSE-go"), readFileSync(join(goroot, "LICENSE"), "utf8"));
  const glue = readFileSync(fileURLToPath(new URL("../../go-glue.js", import.meta.url)), "utf8");
  assert.ok(glue.includes(readFileSync(join(goroot, "lib/wasm/wasm_exec.js"), "utf8")));
});

const program = `
import { type CallToolResult, Client, connect, type Events, type Handlers, RemoraError } from "remora-mcp";
import { connect as over, type CreatePlugin } from "remora-mcp/extism";
import { connect as slim } from "remora-mcp/slim";
import { type AuthOptions, login } from "remora-mcp";
import { chromeIdentity, indexedDBKeyPair, indexedDBStore, popup, redirect } from "remora-mcp/auth";
import { fileStore, loopback, paste } from "remora-mcp/auth/node";

declare const createPlugin: CreatePlugin;
const handlers: Handlers = {
  elicit: async (params, { signal, origin }) => {
    const message: string = params.message + origin + String(signal.aborted);
    return { action: "accept", content: { message } };
  },
  sample: (params) => ({ role: "assistant", model: "m", content: { type: "text", text: String(params.maxTokens) } }),
};
export async function use(): Promise<CallToolResult> {
  await using client: Client = await connect("https://h.example/mcp", {
    clientInfo: { name: "n" },
    headers: { "X-Key": "k" },
    token: async () => undefined,
    policy: { origins: [] },
    auth: { ...loopback(), store: fileStore("f"), scopes: ["a"], key: { privateKey: "pem", alg: "ES256" } },
    limits: { maxCalls: 1 },
    handlers,
  });
  const off: () => void = client.on("log", ({ level, data }: Events["log"]) => void [level, data]);
  off();
  for await (const tool of client.tools({ timeout: 1 })) void (tool.name satisfies string);
  const error: unknown = await client.ping().catch((e: unknown) => e);
  if (error instanceof RemoraError && error.code === "auth/required") void (error.status satisfies number | undefined);
  const wasm = new Uint8Array();
  const other: Client = await slim(new URL("https://h.example/"), { wasm });
  await other.close();
  const ways: AuthOptions[] = [popup(), redirect(), chromeIdentity(), paste(), { grant: "workload", assert: () => "t" }];
  for (const auth of ways) void ((await login("https://h.example/", { auth: { ...auth, store: indexedDBStore(), dpop: indexedDBKeyPair() } })).subject satisfies string | undefined);
  const third: Client = await over("https://h.example/", { createPlugin, handlers });
  await third.close();
  const result = await client.callTool({ name: "t", arguments: { a: 1 } }, { onprogress: ({ progress }) => void progress });
  for (const block of result.content) if (block.type === "text") void (block["text"] satisfies unknown);
  return result;
}
`;

test("a strict program compiles against the declarations, with and without the DOM", () => {
  const file = fileURLToPath(new URL("../consumer.ts", import.meta.url));
  for (const [name, options] of [
    [
      "Node, ESM",
      { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, types: ["node"] },
    ],
    [
      "a bundler, with the DOM",
      {
        module: ts.ModuleKind.ESNext,
        moduleResolution: ts.ModuleResolutionKind.Bundler,
        lib: ["lib.dom.d.ts"],
        types: [],
      },
    ],
  ] as const) {
    const lib = ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts", ...("lib" in options ? options.lib : [])];
    const compilerOptions: ts.CompilerOptions = {
      ...options,
      types: [...options.types],
      typeRoots: [fileURLToPath(new URL("../../../node_modules/@types", import.meta.url))],
      lib,
      target: ts.ScriptTarget.ES2022,
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
    };
    const host = ts.createCompilerHost(compilerOptions);
    const original = host.getSourceFile.bind(host);
    host.getSourceFile = (path, ...rest) =>
      path === file ? ts.createSourceFile(path, program, ts.ScriptTarget.ES2022) : original(path, ...rest);
    const fileExists = host.fileExists.bind(host);
    host.fileExists = (path) => path === file || fileExists(path);
    const diagnostics = ts.getPreEmitDiagnostics(ts.createProgram([file], compilerOptions, host));
    const text = ts.formatDiagnostics(diagnostics, {
      getCanonicalFileName: (path) => path,
      getCurrentDirectory: () => dist,
      getNewLine: () => "\n",
    });
    assert.equal(text, "", name);
  }
});
