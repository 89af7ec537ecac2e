// A store in a file, which several processes may share.

import { randomUUID } from "node:crypto";
import { link, mkdir, open, readFile, rename, stat, unlink } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { badArgument, RemoraError } from "./errors.js";
import { type MapStore, mapStore, type TokenStore } from "./store.js";

/** Options of fileStore. */
export interface FileStoreOptions {
  /** How long to wait for other processes that write, in milliseconds. Default 15,000. */
  timeout?: number | undefined;
}

// A lock is held for as long as a small file takes to be written. One that is
// older was left behind by a process that is gone.
const staleMs = 10_000;
const retryMs = 5;

/**
 * A store in a file that only its owner may read (mode 0600; the folder is made
 * with 0700). It is one JSON object, {"remora": 1, "entries": {...}}. Each change
 * replaces the whole file, so that a reader sees the old or the new one; a lock file
 * beside it, with ".lock" added to the name, lets one process change it at a time.
 * It is not for programs of other languages: Node has no locks that they could see.
 *
 * Its methods reject with local/unsupported for a file that is something else, or
 * cannot be used, and with local/timeout if others keep the lock. Throws
 * local/bad_argument.
 */
export function fileStore(path: string | URL, options: FileStoreOptions = {}): TokenStore {
  if (!(path instanceof URL) && (typeof path !== "string" || path === "")) throw badArgument("path must be a file's");
  const { timeout = 15_000 } = options;
  if (typeof timeout !== "number" || !(timeout > 0)) throw badArgument("timeout must be a number of milliseconds");
  const file = new StoreFile(path instanceof URL ? fileURLToPath(path) : resolve(path), timeout);
  return {
    get: async (key) => (await file.read()).get(key),
    set: (key, value) => file.change((store) => store.set(key, value)),
    swap: (key, was, value) => file.change((store) => store.swap(key, was, value)),
    delete: (key) => file.change((store) => store.delete(key)),
  };
}

class StoreFile {
  readonly #path: string;
  readonly #lock: string;
  readonly #timeout: number;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(path: string, timeout: number) {
    this.#path = path;
    this.#lock = `${this.#path}.lock`;
    this.#timeout = timeout;
  }

  async read(): Promise<Map<string, string>> {
    let text: string;
    try {
      const file = await open(this.#path, "r");
      try {
        const { mode } = await file.stat();
        if (process.platform !== "win32" && (mode & 0o077) !== 0) {
          throw unusable("is open to others: its mode has to be 0600");
        }
        text = await file.readFile("utf8");
      } finally {
        await file.close();
      }
    } catch (cause) {
      if (codeOf(cause) === "ENOENT") return new Map();
      throw cause instanceof RemoraError ? cause : unusable("cannot be read", cause);
    }
    const entries = parse(text);
    if (entries === undefined) throw unusable("is not a store of credentials");
    return new Map(Object.entries(entries));
  }

  /** Changes of this process wait for each other here, so that they do not for the lock. */
  change<T>(work: (store: MapStore) => T): Promise<T> {
    const mine = this.#turn.then(() => this.#change(work));
    this.#turn = mine.catch(() => {});
    return mine;
  }

  async #change<T>(work: (store: MapStore) => T): Promise<T> {
    const owner = await this.#acquire();
    try {
      const entries = await this.read();
      const before = JSON.stringify([...entries]);
      const result = work(mapStore(entries));
      if (JSON.stringify([...entries]) !== before) await this.#write(entries, owner);
      return result;
    } finally {
      if ((await ownerOf(this.#lock)) === owner) await unlink(this.#lock).catch(() => {});
    }
  }

  async #write(entries: Map<string, string>, owner: string): Promise<void> {
    const draft = `${this.#path}.${owner}`;
    try {
      const file = await open(draft, "wx", 0o600);
      try {
        await file.writeFile(`${JSON.stringify({ remora: 1, entries: Object.fromEntries(entries) })}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      // Whoever was held up for so long that others took the lock must not undo what they did.
      if ((await ownerOf(this.#lock)) !== owner) throw unusable("is changed by others");
      await rename(draft, this.#path);
    } catch (cause) {
      await unlink(draft).catch(() => {});
      throw cause instanceof RemoraError ? cause : unusable("cannot be written", cause);
    }
  }

  async #acquire(): Promise<string> {
    const owner = `${process.pid}-${randomUUID()}`;
    const until = Date.now() + this.#timeout;
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
      throw unusable("cannot be written", cause);
    });
    for (;;) {
      if (await this.#take(owner)) return owner;
      await this.#removeStale();
      if (Date.now() > until) throw new RemoraError("local/timeout", "the store of credentials is locked by others");
      await wait(retryMs * (1 + Math.random()));
    }
  }

  // A lock says who holds it as soon as it is there: it is made under another name, and linked.
  async #take(owner: string): Promise<boolean> {
    const draft = `${this.#lock}.${owner}`;
    try {
      const file = await open(draft, "wx", 0o600);
      await file.writeFile(owner).finally(() => file.close());
      await link(draft, this.#lock);
      return true;
    } catch (cause) {
      if (codeOf(cause) === "EEXIST") return false;
      throw unusable("cannot be locked", cause);
    } finally {
      await unlink(draft).catch(() => {});
    }
  }

  // Two who find it stale must not both remove one: the second would remove the first's new lock. So it is moved
  // aside, and put back if it is not the one that was found.
  async #removeStale(): Promise<void> {
    const found = await ownerOf(this.#lock);
    const made = await stat(this.#lock).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    );
    if (found === undefined || made === undefined || Date.now() - made < staleMs) return;
    const aside = `${this.#lock}.${randomUUID()}`;
    try {
      await rename(this.#lock, aside);
    } catch {
      return; // somebody was first
    }
    if ((await ownerOf(aside)) !== found) await link(aside, this.#lock).catch(() => {});
    await unlink(aside).catch(() => {});
  }
}

async function ownerOf(lock: string): Promise<string | undefined> {
  return readFile(lock, "utf8").catch(() => undefined);
}

function parse(text: string): Record<string, string> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || !("remora" in value) || value.remora !== 1) return undefined;
  const { entries } = value as { entries?: unknown };
  if (typeof entries !== "object" || entries === null) return undefined;
  return Object.values(entries).every((entry) => typeof entry === "string")
    ? (entries as Record<string, string>)
    : undefined;
}

function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}

// The path stays out of the message, which may be shown; it is in the cause.
function unusable(why: string, cause?: unknown): RemoraError {
  return new RemoraError("local/unsupported", `the file of credentials ${why}`, { retryable: false, cause });
}
