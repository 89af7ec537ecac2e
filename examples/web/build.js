// Builds the page into dist/web: index.html, main.js, main.css, the page that a
// pop-up comes back to (signed-in.html) and the core's wasm beside them, where the package looks for it. Any web server can serve
// the folder; the policy is in the page, and serve.js sends it as a header too.
//
//   node build.js

import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { metaPolicy } from "./policy.js";

const here = fileURLToPath(new URL("./", import.meta.url));
const out = fileURLToPath(new URL("../../dist/web/", import.meta.url));

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await build({
  absWorkingDir: here,
  entryPoints: [
    { in: "src/main.tsx", out: "main" },
    { in: "src/signed-in.ts", out: "signed-in" },
    { in: "styles/main.css", out: "main" },
  ],
  outdir: out,
  bundle: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  minify: true,
  sourcemap: true,
  legalComments: "linked",
  define: { "process.env.NODE_ENV": '"production"' },
  logLevel: "warning",
});
await copyFile(`${here}icon.svg`, `${out}icon.svg`);
await copyFile(fileURLToPath(import.meta.resolve("remora-mcp/remora.wasm")), `${out}remora.wasm`);
for (const name of ["index.html", "signed-in.html"]) {
  const page = await readFile(here + name, "utf8");
  await writeFile(out + name, page.replace("%POLICY%", metaPolicy));
}
console.log("the page is in dist/web");
