// A value that components watch.

import { useSyncExternalStore } from "react";

/** Holds a value and tells those who watch when it changes. */
export class Cell<T> {
  #value: T;
  #told = true;
  readonly #watchers = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  readonly get = (): T => this.#value;

  /** Changes the value and tells at once. */
  set(value: T): void {
    this.#value = value;
    this.#tell();
  }

  /** Changes the value and tells with the next frame: for what changes many times a second. */
  setSoon(value: T): void {
    this.#value = value;
    if (!this.#told) return;
    this.#told = false;
    requestAnimationFrame(() => {
      if (!this.#told) this.#tell();
    });
  }

  /** Calls watcher after each change; the function that this returns ends it. */
  readonly subscribe = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  #tell(): void {
    this.#told = true;
    for (const watcher of [...this.#watchers]) watcher();
  }
}

/** The cell's value; the component is rendered again when it changes. */
export function useCell<T>(cell: Cell<T>): T {
  return useSyncExternalStore(cell.subscribe, cell.get);
}
