// The stores of credentials, each by the same contract. IndexedDB is in browser-auth.test.ts.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { chromeStorageStore, localStorageStore, memoryStore } from "remora-mcp/auth";
import { fileStore } from "remora-mcp/auth/node";
import { add, storeContract } from "./support/store-contract.js";

const folder = mkdtempSync(join(tmpdir(), "remora-store-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** localStorage as the specification has it. */
function storage() {
  const items = new Map<string, string>();
  return {
    items,
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  };
}

/** chrome.storage.local, which answers later and gives copies. */
function area() {
  const items = new Map<string, unknown>();
  const later = () => new Promise((resolve) => setImmediate(resolve));
  return {
    items,
    async get(key: string): Promise<Record<string, unknown>> {
      await later();
      return items.has(key) ? { [key]: structuredClone(items.get(key)) } : {};
    },
    async set(more: Record<string, unknown>) {
      await later();
      for (const [key, value] of Object.entries(more)) items.set(key, structuredClone(value));
    },
    async remove(key: string) {
      await later();
      items.delete(key);
    },
  };
}

test("memory", () => storeContract(memoryStore()));

test("localStorage: what others keep there is left alone", async () => {
  const place = storage();
  place.setItem("count", "others'");
  await storeContract(localStorageStore({ storage: place }), () => localStorageStore({ storage: place }));
  assert.deepEqual([...place.items], [["count", "others'"]]);
  await localStorageStore({ storage: place, prefix: "mine " }).set("a", "b");
  assert.equal(place.getItem("mine a"), "b");
});

test("chrome.storage: what others keep there is left alone", async () => {
  const place = area();
  await place.set({ "remora:lease": { not: "a text" }, count: 1 });
  const store = chromeStorageStore({ area: place });
  assert.equal(await store.get("lease"), undefined);
  await store.delete("lease");
  await storeContract(store, () => chromeStorageStore({ area: place }));
  assert.deepEqual([...place.items], [["count", 1]]);
});

test("where there is no localStorage and no chrome.storage, that is said", () => {
  // Node 22 and later have a localStorage that throws, or none.
  assert.throws(() => chromeStorageStore(), { code: "local/unsupported" });
});

test("a file: several stores, for nobody else's eyes", async () => {
  const path = join(folder, "new", "deep", "store.json");
  await storeContract(fileStore(path), () => fileStore(pathToFileURL(path)));
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(join(folder, "new")).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(join(folder, "new", "deep")), ["store.json"], "nothing else is left");
  await fileStore(path).set("a", "b");
  assert.deepEqual(JSON.parse(readFileSync(path, "utf8")), { remora: 1, entries: { a: "b" } });
});

test("a file: reading makes none, and one that is open to others, or something else, is left alone", async () => {
  const path = join(folder, "none", "store.json");
  assert.equal(await fileStore(path).get("a"), undefined);
  assert.equal(existsSync(join(folder, "none")), false);

  const other = join(folder, "other.json");
  for (const content of [
    "",
    "{}",
    '{"a":"secret-1234"}',
    '{"remora":2,"entries":{}}',
    '{"remora":1,"entries":{"a":1}}',
  ]) {
    writeFileSync(other, content, { mode: 0o600 });
    for (const attempt of [() => fileStore(other).get("a"), () => fileStore(other).set("a", "b")]) {
      await assert.rejects(
        async () => attempt(),
        (error: Error & { code?: string }) => error.code === "local/unsupported" && !error.message.includes("secret"),
      );
    }
    assert.equal(readFileSync(other, "utf8"), content);
  }
  const open = join(folder, "open.json");
  await fileStore(open).set("a", "b");
  chmodSync(open, 0o644);
  await assert.rejects(async () => fileStore(open).get("a"), { code: "local/unsupported" });
  for (const path of ["", 7, undefined]) assert.throws(() => fileStore(path as string), { code: "local/bad_argument" });
});

test("a file: a lock that nobody holds any more is taken, one that is held is waited for", async () => {
  const path = join(folder, "locked.json");
  const lock = `${path}.lock`;
  writeFileSync(lock, "somebody");
  await assert.rejects(async () => fileStore(path, { timeout: 50 }).set("a", "b"), { code: "local/timeout" });
  assert.equal(readFileSync(lock, "utf8"), "somebody");
  const long = new Date(Date.now() - 60_000);
  utimesSync(lock, long, long);
  await Promise.all([1, 2, 3].map((n) => fileStore(path).set(`key ${n}`, "v")));
  assert.equal(existsSync(lock), false);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith("locked")),
    ["locked.json"],
  );
  assert.equal(await fileStore(path).get("key 2"), "v");
});

test("a file: no change of several processes is lost", async () => {
  const path = join(folder, "shared.json");
  const program = fileURLToPath(new URL("./programs/count-in-store.js", import.meta.url));
  const run = promisify(execFile);
  await Promise.all([1, 2, 3].map(() => run(process.execPath, [program, path, "12"])));
  assert.equal(await fileStore(path).get("count"), "36");
  await add(fileStore(path), 1);
  assert.equal(await fileStore(path).get("count"), "37");
});
