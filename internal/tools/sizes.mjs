// Prints raw, gzip (level 9) and brotli (quality 11) sizes and the SHA-256 of
// each file named on the command line that exists, as a table.
//
//   node internal/tools/sizes.mjs FILE[:ENCODING:BYTES]...
//
// A file that takes more than so many bytes in an encoding (raw, gzip, brotli) is
// over its budget: exit status 1.
//
// Brotli takes half a minute for a core, so what was measured is remembered by
// content in .sizes.json beside the first file.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import * as zlib from "node:zlib";

const wanted = process.argv
  .slice(2)
  .map((arg) => arg.split(":"))
  .filter(([file]) => existsSync(file));
const files = wanted.map(([file]) => file);
if (files.length === 0) process.exit(0);

const cacheFile = join(dirname(files[0]), ".sizes.json");
const cache = readCache();

function readCache() {
  try {
    return new Map(Object.entries(JSON.parse(readFileSync(cacheFile, "utf8"))));
  } catch {
    return new Map(); // missing or damaged: measure again
  }
}

async function measure(file) {
  const bytes = readFileSync(file);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  let sizes = cache.get(sha256);
  if (sizes === undefined) {
    const [gzip, brotli] = await Promise.all([
      promisify(zlib.gzip)(bytes, { level: 9 }),
      promisify(zlib.brotliCompress)(bytes, {
        params: {
          [zlib.constants.BROTLI_PARAM_QUALITY]: 11,
          [zlib.constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
        },
      }),
    ]);
    sizes = { raw: bytes.length, gzip: gzip.length, brotli: brotli.length };
  }
  return { file, sha256, ...sizes };
}

const rows = await Promise.all(files.map(measure));
writeFileSync(
  cacheFile,
  `${JSON.stringify(Object.fromEntries(rows.map(({ sha256, raw, gzip, brotli }) => [sha256, { raw, gzip, brotli }])))}\n`,
);

const megabytes = (n) => `${(n / 1e6).toFixed(2)} MB`;
const table = [
  ["file", "raw", "gzip", "brotli", "sha256"],
  ...rows.map((r) => [r.file, megabytes(r.raw), megabytes(r.gzip), megabytes(r.brotli), r.sha256]),
];
const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
for (const row of table) {
  const cells = row.map((cell, i) => (i === 0 || i === row.length - 1 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])));
  console.log(cells.join("  ").trimEnd());
}

wanted.forEach(([file, encoding, budget], i) => {
  if (budget === undefined || rows[i][encoding] <= Number(budget)) return;
  console.error(`${file} takes ${rows[i][encoding]} bytes (${encoding}); its budget is ${budget}`);
  process.exitCode = 1;
});
