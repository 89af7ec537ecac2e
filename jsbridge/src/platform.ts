// What differs between the places this package runs in. index.ts and slim.ts
// choose one; nothing else knows which.

import type { GuestKind } from "./guest.js";
import type { AddressRule, HttpPort } from "./port.js";
import type { WasmReader } from "./wasm.js";

/** One place to run in. */
export interface Platform {
  /** Where the wasm is if the application gives none; undefined if it must. */
  readonly wasm: (() => URL) | undefined;
  /** What the wasm is. */
  readonly guest: GuestKind;
  /** Brings the wasm. */
  readonly readWasm: WasmReader;
  /** Runs what compiles the wasm, in whatever way is best here. */
  readonly compiling: <T>(compile: () => Promise<T>) => Promise<T>;
  /** Makes the HTTP port of a session that brings no fetch of its own. */
  readonly openPort: (rule: AddressRule) => HttpPort;
  /** Keeps the process alive until the function that it returns is called. */
  readonly hold: () => () => void;
}
