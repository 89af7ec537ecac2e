// Checks the package in ../dist/npm as its users' tools will see it: publint
// for the manifest, arethetypeswrong for what each kind of import resolves to.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

const dist = fileURLToPath(new URL("../../dist/npm", import.meta.url));
const workspace = fileURLToPath(new URL("..", import.meta.url));

if (!["package.json", "remora.wasm", "remora-plugin.wasm"].every((name) => existsSync(`${dist}/${name}`))) {
  console.error("dist/npm is not built: run ./build.sh npm");
  process.exit(1);
}

const { messages, pkg } = await publint({ pkgDir: dist, strict: true });
for (const message of messages) console.error(`publint: ${formatMessage(message, pkg, { color: false })}`);

const attw = spawnSync(
  process.execPath,
  [
    `${workspace}node_modules/@arethetypeswrong/cli/dist/index.js`,
    "--pack",
    dist,
    "--exclude-entrypoints",
    "./remora.wasm",
    "./remora-plugin.wasm",
    "--format",
    "ascii",
    "--no-color",
    "--no-emoji",
  ],
  { cwd: workspace, encoding: "utf8" },
);
if (attw.status !== 0) console.error(attw.stdout + attw.stderr);

process.exit(messages.length === 0 && attw.status === 0 ? 0 : 1);
