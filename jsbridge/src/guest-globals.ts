// The small world that the core sees as its global object: what Go's runtime
// needs, and nothing of the page or the process.

import type { GoGlobals } from "#go-glue";

/** What the guest's surroundings report. */
export interface GuestWatcher {
  /** The guest wrote to its standard output or error. */
  output(text: string): void;
  /** A timer of the guest is due: run it as a crossing. */
  timer(run: () => void): void;
}

/** The world of one guest. */
export interface GuestWorld {
  readonly globals: GoGlobals;
  /** Forgets every timer of the guest. */
  stop(): void;
}

type Callback = (error: unknown, value?: unknown) => void;

/** Makes a world for one guest. Timers do not keep a process alive. */
export function guestWorld(watcher: GuestWatcher): GuestWorld {
  const timers = new Set<ReturnType<typeof setTimeout>>();
  const decoder = new TextDecoder();
  const fs = fileSystem((bytes) => watcher.output(decoder.decode(bytes, { stream: true })));
  const output = (...values: unknown[]) => watcher.output(`${values.join(" ")}\n`);
  const scope: Record<string, unknown> = {
    Object,
    Array,
    Uint8Array,
    Date,
    Error,
    fs,
    process: processFacts(),
    path: { resolve: (...segments: string[]) => segments.join("/") },
    crypto: { getRandomValues: (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes) },
    performance: { now: () => performance.now() },
    TextEncoder,
    TextDecoder,
  };
  const globals: GoGlobals = {
    globalThis: scope,
    fs,
    console: { log: output, warn: output, error: output },
    crypto: scope["crypto"],
    performance: scope["performance"],
    TextEncoder,
    TextDecoder,
    setTimeout: (run: () => void, delayMs: number) => {
      const timer = setTimeout(() => {
        timers.delete(timer);
        watcher.timer(run);
      }, delayMs);
      unref(timer);
      timers.add(timer);
      return timer;
    },
    clearTimeout: (timer: ReturnType<typeof setTimeout> | undefined) => {
      if (timer === undefined) return;
      clearTimeout(timer);
      timers.delete(timer);
    },
  };
  return {
    globals,
    stop() {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}

function unref(timer: unknown): void {
  if (typeof timer === "object" && timer !== null && "unref" in timer && typeof timer.unref === "function") {
    timer.unref();
  }
}

/** A file system without files: standard output and error go to write, the rest is not there. */
function fileSystem(write: (bytes: Uint8Array) => void): Record<string, unknown> {
  const missing = (...args: unknown[]) => {
    const callback = args[args.length - 1];
    if (typeof callback === "function") callback(notImplemented());
  };
  const fs: Record<string, unknown> = {
    constants: { O_WRONLY: -1, O_RDWR: -1, O_CREAT: -1, O_TRUNC: -1, O_APPEND: -1, O_EXCL: -1, O_DIRECTORY: -1 },
    writeSync(_fd: number, bytes: Uint8Array) {
      write(bytes);
      return bytes.length;
    },
    write(_fd: number, bytes: Uint8Array, offset: number, length: number, _position: unknown, done: Callback) {
      write(bytes.subarray(offset, offset + length));
      done(null, length);
    },
    fsync: (_fd: number, done: Callback) => done(null),
  };
  const names =
    "chmod chown close fchmod fchown fstat ftruncate lchown link lstat mkdir open read readdir readlink rename rmdir stat symlink truncate unlink utimes";
  for (const name of names.split(" ")) fs[name] = missing;
  return fs;
}

function processFacts(): Record<string, unknown> {
  const missing = () => {
    throw notImplemented();
  };
  const nobody = () => -1;
  return {
    pid: -1,
    ppid: -1,
    getuid: nobody,
    getgid: nobody,
    geteuid: nobody,
    getegid: nobody,
    getgroups: missing,
    umask: missing,
    cwd: missing,
    chdir: missing,
  };
}

function notImplemented(): Error {
  return Object.assign(new Error("not implemented"), { code: "ENOSYS" });
}
