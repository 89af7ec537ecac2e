// What a TypeScript program that uses the package pays, and sees.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import * as remora from "remora-mcp";

const workspace = fileURLToPath(new URL("../../../", import.meta.url));
const program = `${workspace}test/programs/everything.ts`;

// Seconds; what the checker takes is a fraction of one.
const limit = 5;

test("a strict program that uses everything is checked in a moment", () => {
  // Beside the compiled tests, where the package is found by its name.
  const copy = fileURLToPath(new URL("../everything.ts", import.meta.url));
  copyFileSync(program, copy);
  const out = execFileSync(
    process.execPath,
    [
      "node_modules/typescript/bin/tsc",
      "--noEmit",
      "--strict",
      "--exactOptionalPropertyTypes",
      "--noUncheckedIndexedAccess",
      "--skipLibCheck", // the declarations themselves are checked in package.test.ts
      "--ignoreConfig",
      ...["--target", "es2022", "--module", "nodenext", "--moduleResolution", "nodenext"],
      ...["--lib", "es2023,esnext.disposable,dom,dom.iterable", "--types", "node"],
      "--extendedDiagnostics",
      copy,
    ],
    { cwd: workspace, encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } },
  );
  const taken = /^Check time:\s+([\d.]+)s$/m.exec(out)?.[1];
  assert.ok(taken !== undefined, out);
  assert.ok(Number(taken) < limit, `the checker took ${taken} s`);
});

test("that program leaves nothing out", () => {
  const source = readFileSync(program, "utf8");
  const methods = (of: { prototype: object }) =>
    Object.getOwnPropertyNames(of.prototype).filter((name) => name !== "constructor");
  assert.ok(methods(remora.Client).length > 30);
  for (const name of methods(remora.Client)) assert.match(source, new RegExp(`client\\.${name}\\b`), name);
  for (const name of methods(remora.Group)) assert.match(source, new RegExp(`group\\.${name}\\b`), name);
  for (const name of Object.keys(remora)) assert.match(source, new RegExp(`\\b${name}\\b`), name);
});
