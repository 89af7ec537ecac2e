// Gets the plugin's wasm ready for an SDK that would link it to things it
// should not have.
//
// Extism's JavaScript SDKs bring a WASI of their own: in browsers its random
// numbers are Math.random's, and polling, which a garbage collection can do,
// throws. Version 1.0.3 lets its caller replace it, version 2 does not. Both
// link whatever else a module asks for to functions that the caller gives. So
// three names are written over with others of the same length, and nothing
// else of the file changes:
//
//   module   wasi_snapshot_preview1   remora_wasi_snapshot_1   wasi.ts
//   import   http_request             http_refused             nothing
//   export   _initialize              remora_init              called when the memory is known
//
// http_request is the import on which version 2 turns promise integration on,
// and the way around the session's policy.

import { RemoraError } from "./errors.js";

/** The module that WASI's functions are asked of. */
export const WASI = "remora_wasi_snapshot_1";
/** What stands for Extism's http_request. */
export const HTTP = "http_refused";
/** The export that runs Go's init. */
export const INIT = "remora_init";

const importSection = 2;
const exportSection = 7;
const functionKind = 0;
const encoder = new TextEncoder();

/** Returns a copy of the plugin's wasm with other names in it. Throws plugin/missing for wasm that is not the plugin. */
export function adaptPlugin(wasm: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(wasm); // a copy, also of a Buffer, whose slice is none
  const reader = new Reader(bytes);
  let renamed = 0;
  const rename = (name: Name, from: string, to: string) => {
    if (name.text !== from) return;
    bytes.set(encoder.encode(to), name.at);
    renamed++;
  };
  try {
    reader.at = 8; // magic number and version
    while (reader.at < bytes.length) {
      const section = reader.byte();
      const size = reader.number();
      const end = reader.at + size;
      if (section === importSection) {
        for (let left = reader.number(); left > 0; left--) {
          const module = reader.name();
          const field = reader.name();
          if (reader.byte() !== functionKind) throw new RangeError("an import that is not a function");
          reader.number();
          rename(module, "wasi_snapshot_preview1", WASI);
          if (module.text === "extism:host/env") rename(field, "http_request", HTTP);
        }
      } else if (section === exportSection) {
        for (let left = reader.number(); left > 0; left--) {
          rename(reader.name(), "_initialize", INIT);
          reader.byte();
          reader.number();
        }
      }
      reader.at = end;
    }
  } catch (cause) {
    throw notThePlugin(cause);
  }
  if (renamed < 3) throw notThePlugin(undefined);
  return bytes;
}

function notThePlugin(cause: unknown): RemoraError {
  const message = "the wasm given is not remora's plugin of this version";
  return new RemoraError("plugin/missing", message, cause === undefined ? {} : { cause });
}

interface Name {
  at: number;
  text: string;
}

/** Reads the binary format of WebAssembly (core specification 2.0, chapter 5). Throws a RangeError at the end. */
class Reader {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #decoder = new TextDecoder();

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number {
    const value = this.#bytes[this.at++];
    if (value === undefined) throw new RangeError("the wasm ends too early");
    return value;
  }

  /** An unsigned number of at most 32 bits, in LEB128. */
  number(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError("a number is too long");
  }

  name(): Name {
    const size = this.number();
    const at = this.at;
    this.at += size;
    return { at, text: this.#decoder.decode(this.#bytes.subarray(at, this.at)) };
  }
}
