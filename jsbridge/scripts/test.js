// Compiles the tests and runs them with the Node that runs this script. The
// package must have been built: its tests drive ../dist/npm as it is shipped.
//
//   node scripts/test.js [name...]   only test files whose name begins so
//
// With JUNIT_FILE in the environment, a JUnit report is written there as well.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildDir } from "./glue.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const dist = join(root, "dist", "npm");
const out = join(buildDir, "test");
const tests = join(out, "test");

if (!existsSync(join(dist, "package.json")) || !existsSync(join(dist, "remora.wasm"))) {
  console.error("dist/npm is not built: run ./build.sh npm");
  process.exit(1);
}

rmSync(out, { recursive: true, force: true });
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "test", "--noEmit", "false"], {
  cwd: join(root, "jsbridge"),
  stdio: "inherit",
});
// The package by its name, as an application imports it.
mkdirSync(join(out, "node_modules"));
symlinkSync(dist, join(out, "node_modules", "remora-mcp"), "dir");
execFileSync("go", ["build", "-o", join(buildDir, "remora"), "./cmd/remora"], { cwd: root, stdio: "inherit" });
execFileSync("go", ["build", "-o", join(buildDir, "failing.wasm"), "./jsbridge/test/guests/failing"], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, GOOS: "js", GOARCH: "wasm" },
});
// cert.pem and key.pem, for servers on https; the program comes with Go.
const goroot = execFileSync("go", ["env", "GOROOT"], { encoding: "utf8" }).trim();
const certificates = join(goroot, "src", "crypto", "tls", "generate_cert.go");
execFileSync("go", ["run", certificates, "--host=localhost,127.0.0.1", "--ecdsa-curve=P256"], {
  cwd: buildDir,
  stdio: "pipe",
});

const wanted = process.argv.slice(2);
const files = readdirSync(tests)
  .filter((name) => name.endsWith(".test.js"))
  .filter((name) => wanted.length === 0 || wanted.some((start) => name.startsWith(start)))
  .map((name) => join(tests, name));
const reporters = ["--test-reporter=spec", "--test-reporter-destination=stdout"];
if (process.env.JUNIT_FILE) {
  reporters.push("--test-reporter=junit", `--test-reporter-destination=${process.env.JUNIT_FILE}`);
}
const run = spawnSync(
  process.execPath,
  ["--enable-source-maps", "--test", ...reporters, "--test-timeout=120000", "--test-force-exit", ...files],
  { cwd: join(root, "jsbridge"), stdio: "inherit" },
);
process.exit(run.status ?? 1);
