// A store in IndexedDB, and a pair of keys that lasts there.

import { unsupported } from "./auth-return.js";
import { RemoraError } from "./errors.js";
import { type CryptoKeyPairLike, generate } from "./sign.js";
import type { TokenStore } from "./store.js";

/** Options of indexedDBStore and indexedDBKeyPair. */
export interface IndexedDBOptions {
  /** The database's name. Default "remora-mcp". */
  name?: string | undefined;
}

const version = 1;
const entries = "entries";
const keys = "keys";

/**
 * A store in IndexedDB, which the tabs and workers of an origin share: what swap
 * does is one transaction. A database that cannot be used is local/unsupported.
 *
 * Throws local/unsupported where there is no IndexedDB.
 */
export function indexedDBStore(options: IndexedDBOptions = {}): TokenStore {
  const database = new Database(options.name);
  return {
    get: (key) => database.use(entries, "readonly", (store, done) => ask<string>(store.get(key), done)),
    set: (key, value) =>
      database.use(entries, "readwrite", (store, done) => {
        store.put(value, key);
        done(undefined);
      }),
    swap: (key, was, value) =>
      database.use(entries, "readwrite", (store, done) => {
        ask<string>(store.get(key), (found) => {
          const as = found === was;
          if (as && value === undefined) store.delete(key);
          else if (as) store.put(value, key);
          done(as);
        });
      }),
    delete: (key) =>
      database.use(entries, "readwrite", (store, done) => {
        store.delete(key);
        done(undefined);
      }),
  };
}

/**
 * A pair of keys for the option auth.dpop, made by the first who asks and kept for
 * those who share the database. The private key cannot be had out of the browser.
 */
export async function indexedDBKeyPair(options: IndexedDBOptions = {}): Promise<CryptoKeyPairLike> {
  const database = new Database(options.name);
  const known = await database.use<CryptoKeyPairLike | undefined>(keys, "readonly", (store, done) =>
    ask(store.get("dpop"), done),
  );
  if (known !== undefined) return known;
  const made = await generate();
  // Somebody else may have been first.
  return database.use<CryptoKeyPairLike>(keys, "readwrite", (store, done) => {
    ask<CryptoKeyPairLike>(store.get("dpop"), (found) => {
      if (found === undefined) store.put(made, "dpop");
      done(found ?? made);
    });
  });
}

function ask<T>(request: IDBRequest, then: (value: T | undefined) => void): void {
  request.onsuccess = () => then(request.result as T | undefined);
}

class Database {
  readonly #name: string;
  #opened: Promise<IDBDatabase> | undefined;

  constructor(name = "remora-mcp") {
    if (typeof indexedDB !== "object") throw unsupported("there is no IndexedDB here");
    this.#name = name;
  }

  /** Does the work in one transaction, and resolves to what it gives to done when that is on the disk. */
  async use<T>(
    store: string,
    mode: IDBTransactionMode,
    work: (store: IDBObjectStore, done: (value: T) => void) => void,
  ): Promise<T> {
    const transaction = await this.#begin(store, mode);
    return new Promise((resolve, reject) => {
      let given: { value: T } | undefined;
      transaction.oncomplete = () => resolve(given?.value as T);
      transaction.onabort = () => reject(failure(transaction.error));
      work(transaction.objectStore(store), (value) => {
        given = { value };
      });
    });
  }

  async #begin(store: string, mode: IDBTransactionMode): Promise<IDBTransaction> {
    const options = { durability: "strict" } as const;
    try {
      return (await this.#open()).transaction(store, mode, options);
    } catch (error) {
      // The browser may close a database, as when its data are cleared.
      if (!(error instanceof DOMException && error.name === "InvalidStateError")) throw failure(error);
      this.#opened = undefined;
      return (await this.#open()).transaction(store, mode, options);
    }
  }

  #open(): Promise<IDBDatabase> {
    this.#opened ??= new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(this.#name, version);
      request.onupgradeneeded = () => {
        for (const name of [entries, keys]) request.result.createObjectStore(name);
      };
      request.onsuccess = () => {
        const database = request.result;
        database.onversionchange = () => database.close(); // for whoever deletes it
        resolve(database);
      };
      request.onerror = () => reject(failure(request.error));
    }).catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }
}

function failure(cause: unknown): RemoraError {
  if (cause instanceof RemoraError) return cause;
  return new RemoraError("local/unsupported", "the database of credentials cannot be used", {
    retryable: false,
    cause,
  });
}
