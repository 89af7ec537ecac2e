// A store in what browsers have for their extensions (chrome.storage).

import { unsupported } from "./auth-return.js";
import type { TokenStore } from "./store.js";
import { oneAtATime } from "./store-locks.js";

/** An area of chrome.storage, as far as it matters. */
export interface ChromeStorageArea {
  get(key: string): Promise<Record<string, unknown>>;
  set(items: Record<string, unknown>): Promise<void>;
  remove(key: string): Promise<void>;
}

/** Options of chromeStorageStore. */
export interface ChromeStorageStoreOptions {
  /** Default: chrome.storage.local. chrome.storage.session is kept in memory, until the browser ends. */
  area?: ChromeStorageArea | undefined;
  /** What keys begin with, apart from others' in the same area. Default "remora:". */
  prefix?: string | undefined;
}

interface ExtensionGlobals {
  chrome?: { storage?: { local?: ChromeStorageArea } };
  browser?: { storage?: { local?: ChromeStorageArea } };
}

/**
 * A store in chrome.storage, which an extension's pages and its service worker
 * share. The extension needs the permission "storage".
 *
 * Throws local/unsupported where there is no such thing.
 */
export function chromeStorageStore(options: ChromeStorageStoreOptions = {}): TokenStore {
  const { chrome, browser } = globalThis as ExtensionGlobals;
  const area = options.area ?? browser?.storage?.local ?? chrome?.storage?.local;
  if (area === undefined) throw unsupported('there is no chrome.storage here: is the permission "storage" there?');
  const { prefix = "remora:" } = options;
  const alone = <T>(work: () => Promise<T>) => oneAtATime(`remora-mcp store ${prefix}`, work);
  const read = async (key: string): Promise<string | undefined> => {
    const value = (await area.get(prefix + key))[prefix + key];
    return typeof value === "string" ? value : undefined;
  };
  const write = (key: string, value: string) => area.set({ [prefix + key]: value });
  const remove = (key: string) => area.remove(prefix + key);
  return {
    get: read,
    set: (key, value) => alone(() => write(key, value)),
    swap: (key, was, value) =>
      alone(async () => {
        if ((await read(key)) !== was) return false;
        await (value === undefined ? remove(key) : write(key, value));
        return true;
      }),
    delete: (key) => alone(() => remove(key)),
  };
}
