// A store in localStorage, or in sessionStorage.

import { unsupported } from "./auth-return.js";
import { mapStore, type TokenStore } from "./store.js";
import { oneAtATime } from "./store-locks.js";

/** localStorage, as far as it matters (Storage). */
export interface StorageLike {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** Options of localStorageStore. */
export interface LocalStorageStoreOptions {
  /** What keys begin with, apart from others' in the same storage. Default "remora:". */
  prefix?: string | undefined;
  /** Default: localStorage. */
  storage?: StorageLike | undefined;
}

/**
 * A store in localStorage, for a page that is open once: browsers tell other tabs
 * of its changes a little later, so that two may renew the same token, which an
 * authorization server can take for theft. indexedDBStore() is safe for any
 * number of tabs.
 *
 * Throws local/unsupported where there is none.
 */
export function localStorageStore(options: LocalStorageStoreOptions = {}): TokenStore {
  const { prefix = "remora:" } = options;
  const storage = options.storage ?? (globalThis as { localStorage?: StorageLike }).localStorage;
  if (storage === undefined) throw unsupported("there is no localStorage here");
  const map = mapStore({
    get: (key) => storage.getItem(prefix + key) ?? undefined,
    set: (key, value) => storage.setItem(prefix + key, value),
    delete: (key) => storage.removeItem(prefix + key),
  });
  const alone = <T>(work: () => T) => oneAtATime(`remora-mcp store ${prefix}`, work);
  return {
    get: map.get,
    set: (key, value) => alone(() => map.set(key, value)),
    swap: (key, was, value) => alone(() => map.swap(key, was, value)),
    delete: (key) => alone(() => map.delete(key)),
  };
}
