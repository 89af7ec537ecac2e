// Where credentials are kept that authorization brings: access tokens, what they
// are renewed with, registrations, logins that are not finished.

/**
 * A store of credentials. Keys are printable ASCII of at most 512 characters,
 * values texts of at most 64 KiB; what they hold is for the client alone. Values
 * are secret. Several clients may use a store at once, also of several tabs or
 * processes; methods may be called while others are under way. What one throws
 * ends the call that needed it with local/bad_argument, or with the code of a
 * RemoraError.
 */
export interface TokenStore {
  /** Reads an entry; undefined if there is none. */
  get(key: string): string | undefined | Promise<string | undefined>;
  /** Writes an entry, whatever was there. */
  set(key: string, value: string): void | Promise<void>;
  /**
   * Writes an entry, or with undefined as its value deletes it, if it holds what
   * `was` says (undefined: if there is none); returns whether it did. Nobody who
   * shares the store can come between: what is spent once, as a refresh token is,
   * depends on that.
   */
  swap(key: string, was: string | undefined, value: string | undefined): boolean | Promise<boolean>;
  /** Deletes an entry; one that is not there is no error. */
  delete(key: string): void | Promise<void>;
}

/** A store in memory, which ends with the page or process. The default, one for each connect. */
export function memoryStore(): TokenStore {
  return mapStore(new Map());
}

/** What mapStore stores in. */
export interface Entries {
  get(key: string): string | undefined;
  set(key: string, value: string): unknown;
  delete(key: string): unknown;
}

/** A store whose methods answer at once. */
export interface MapStore extends TokenStore {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
  swap(key: string, was: string | undefined, value: string | undefined): boolean;
  delete(key: string): void;
}

/** A store on something that answers at once. */
export function mapStore(entries: Entries): MapStore {
  return {
    get: (key) => entries.get(key),
    set: (key, value) => void entries.set(key, value),
    swap(key, was, value) {
      if (entries.get(key) !== was) return false;
      if (value === undefined) entries.delete(key);
      else entries.set(key, value);
      return true;
    },
    delete: (key) => void entries.delete(key),
  };
}
