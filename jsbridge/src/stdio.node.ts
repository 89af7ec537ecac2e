// A server that is a program, spoken to over its stdin and stdout. An entry of
// its own, "remora-mcp/stdio", so that nothing of it is in what a browser loads.

import { type ChildProcess, spawn } from "node:child_process";
import { basename } from "node:path";
import type { StdioServer } from "./channel.js";
import type { ChannelHandle, ChannelPort, ChannelSink } from "./channel-port.js";
import { ends } from "./channels.js";
import { badArgument, excerpt, wireError } from "./errors.js";
import { MAX_CHAN_END_BYTES, type WireError } from "./generated/wire.js";
import { StderrLines } from "./stderr.node.js";

export type { StdioServer } from "./channel.js";

/** A program to run as a server. */
export interface StdioOptions {
  /** The program: a path, or a name that is looked up in PATH. No shell is involved. */
  command: string;
  /** Its arguments. */
  args?: readonly string[] | undefined;
  /**
   * Variables of its environment, added to the few that most programs need (PATH,
   * HOME, LANG, and the like): what else is in this process's environment may be
   * secret, and is not passed on.
   */
  env?: Readonly<Record<string, string>> | undefined;
  /** Its working directory. Default: this process's. */
  cwd?: string | undefined;
  /**
   * Called with each line that the program writes to its stderr. Without it, the
   * lines are events all the same (log, with the logger "stderr" and the level
   * info), and the end is in the error if the program exits by itself.
   */
  stderr?: ((line: string) => void) | undefined;
  /**
   * Is given each line of stderr before that is an event or kept for an error, and
   * returns it without secrets; if it throws, the line is left out. Lines longer
   * than 64 KiB come in pieces. The callback stderr gets what the program wrote.
   */
  redact?: ((line: string) => string) | undefined;
  /**
   * How long the program may take to exit after its stdin is closed, and again
   * after SIGTERM, before it is killed, in milliseconds. Default 2,000.
   */
  grace?: number | undefined;
}

const passedOn = [
  ...["HOME", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER"],
  ...["APPDATA", "COMSPEC", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA", "PATHEXT", "PROCESSOR_ARCHITECTURE"],
  ...["PROGRAMDATA", "PROGRAMFILES", "SYSTEMDRIVE", "SYSTEMROOT", "TEMP", "TMP", "USERNAME", "USERPROFILE"],
];

/**
 * A server that is a program, for connect. It is started when the session is
 * opened, and again by the next call if it has exited; closing the client ends it,
 * and what it started that did not leave its process group.
 *
 * Throws local/bad_argument.
 */
export function stdio(options: StdioOptions): StdioServer {
  if (
    typeof options !== "object" ||
    options === null ||
    typeof options.command !== "string" ||
    options.command === ""
  ) {
    throw badArgument("stdio needs a command");
  }
  const { args = [], env = {}, grace = 2_000, stderr, redact } = options;
  if (!Array.isArray(args) || !args.every((arg) => typeof arg === "string")) throw badArgument("args must be strings");
  if (typeof grace !== "number" || !(grace >= 0)) throw badArgument("grace must be a number of milliseconds");
  if (stderr !== undefined && typeof stderr !== "function") throw badArgument("stderr must be a function");
  if (redact !== undefined && typeof redact !== "function") throw badArgument("redact must be a function");
  const channelPort: ChannelPort = {
    name: basename(options.command),
    open: (sink, maxBytes) => new Program({ ...options, args: [...args], env: { ...env }, grace }, sink, maxBytes),
  };
  return { channelPort };
}

// How long the pipes of a program that has exited are read on, if others keep them open.
const afterExitMs = 500;

class Program implements ChannelHandle {
  readonly #sink: ChannelSink;
  readonly #grace: number;
  readonly #lines: Lines;
  readonly #stderr: StderrLines;
  #child: ChildProcess | undefined;
  #exit: { code: number | null; signal: NodeJS.Signals | null } | undefined;
  #timers = new Set<NodeJS.Timeout>();
  #closing = false;
  #over = false;

  constructor(options: StdioOptions, sink: ChannelSink, maxBytes: number) {
    this.#sink = sink;
    this.#grace = options.grace ?? 0;
    const { redact, stderr: copied } = options;
    this.#stderr = new StderrLines({ redact, copied, said: (line) => sink.said(line) });
    this.#lines = new Lines(maxBytes);
    try {
      this.#start(options);
    } catch (error) {
      queueMicrotask(() => this.#failed(error));
    }
  }

  #start({ command, args = [], env, cwd }: StdioOptions): void {
    const inherited = Object.fromEntries(passedOn.flatMap((name) => pair(name, process.env[name])));
    const child = spawn(command, args, {
      cwd,
      env: { ...inherited, ...env },
      stdio: ["pipe", "pipe", "pipe"],
      // A process group of its own, so that what it starts can be ended with it.
      detached: process.platform !== "win32",
      windowsHide: true,
    });
    this.#child = child;
    child.once("spawn", () => {
      if (!this.#over) this.#sink.opened();
    });
    child.once("error", (error) => {
      if (child.pid === undefined) this.#failed(error);
    });
    child.once("exit", (code, signal) => {
      this.#exit = { code, signal };
      this.#after(afterExitMs, () => this.#ended());
    });
    child.once("close", () => this.#ended());
    child.stdin.on("error", () => {}); // its end says more
    child.stdout.on("error", () => {});
    child.stderr.on("error", () => {});
    child.stdout.on("data", (chunk: Buffer) => {
      let room = true;
      for (const { data, size } of this.#lines.take(chunk)) room = this.#sink.message(data, size);
      if (!room && !this.#closing && !this.#over) child.stdout.pause();
    });
    child.stdout.once("end", () => {
      const rest = this.#lines.rest();
      if (rest !== undefined) this.#sink.message(rest.data, rest.size);
      // A program may close its stdout and live on: then there is nothing more to hear of it.
      this.#after(Math.max(this.#grace, afterExitMs), () => this.#quit());
    });
    child.stderr.setEncoding("utf8");
    child.stderr.on("data", (text: string) => this.#stderr.write(text));
  }

  send(message: Uint8Array): void {
    const stdin = this.#child?.stdin;
    if (stdin == null || !stdin.writable) return;
    if (stdin.writableLength > maxWaiting) {
      this.#end(this.#problem("the server does not read what it is sent"));
      this.#quit();
      return;
    }
    const line = new Uint8Array(message.length + 1);
    line.set(message);
    line[message.length] = 10;
    stdin.write(line);
  }

  resume(): void {
    this.#child?.stdout?.resume();
  }

  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#child?.stdout?.resume(); // its end is awaited
    this.#quit();
  }

  // Its stdin is closed; if it does not exit, it is asked to, then killed.
  #quit(): void {
    this.#closing = true;
    const child = this.#child;
    if (child === undefined || this.#exit !== undefined) return;
    child.stdin?.end();
    this.#after(this.#grace, () => {
      this.#signal("SIGTERM");
      this.#after(this.#grace, () => this.#signal("SIGKILL"));
    });
  }

  #signal(signal: NodeJS.Signals): void {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    try {
      if (process.platform === "win32") this.#child?.kill(signal);
      else process.kill(-pid, signal);
    } catch {
      // It is gone.
    }
  }

  #after(ms: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, ms);
    this.#timers.add(timer);
  }

  // The program is gone, and all that it wrote has been read.
  #ended(): void {
    if (this.#exit === undefined) return;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    const { code, signal } = this.#exit;
    this.#end(this.#closing ? undefined : this.#problem(exitText(code, signal), code, signal));
    this.#signal("SIGTERM"); // what it left behind
    const kill = setTimeout(() => this.#signal("SIGKILL"), 200);
    kill.unref();
    for (const pipe of [this.#child?.stdin, this.#child?.stdout, this.#child?.stderr]) pipe?.destroy();
  }

  #problem(what: string, code?: number | null, signal?: string | null): WireError {
    const stderr = this.#stderr.end;
    const said = excerpt(lastLines(stderr));
    const data: Record<string, unknown> = { stderr };
    if (typeof code === "number") data["exitCode"] = code;
    if (typeof signal === "string") data["signal"] = signal;
    return {
      ...wireError("channel/closed", said === "" ? what : `${what}; its stderr ends: ${said}`, "unknown"),
      data,
    };
  }

  #failed(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    this.#end(wireError("channel/closed", `the server's program cannot be started: ${excerpt(why)}`, "no"));
  }

  #end(error: WireError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#stderr.close();
    this.#sink.closed(error);
  }
}

// What may wait for a program that does not read.
const maxWaiting = 128 << 20;

function pair(name: string, value: string | undefined): [string, string][] {
  return value === undefined ? [] : [[name, value]];
}

function exitText(code: number | null, signal: string | null): string {
  return signal === null
    ? `the server's program exited with status ${code}`
    : `the server's program was ended by ${signal}`;
}

function lastLines(text: string): string {
  const end = text.trim().slice(-200);
  return end.length < 200 ? end : end.slice(end.indexOf("\n") + 1);
}

interface Line {
  data: Uint8Array;
  size: number | undefined;
}

/** Splits a stream into lines, and keeps no more than the ends of one that is too long. */
class Lines {
  readonly #maxBytes: number;
  #parts: Uint8Array[] = [];
  #kept = 0;
  #size = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that a chunk completes, without those that are empty. */
  take(chunk: Uint8Array): Line[] {
    const lines: Line[] = [];
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      this.#add(chunk.subarray(from, at));
      from = at + 1;
      const line = this.rest();
      if (line !== undefined) lines.push(line);
    }
    this.#add(chunk.subarray(from));
    return lines;
  }

  /** The line that has not ended, if there is one. */
  rest(): Line | undefined {
    let data = this.#join();
    const { length } = data;
    if (data[length - 1] === 13) data = data.subarray(0, length - 1);
    const size = this.#size - (length - data.length);
    this.#parts = [];
    this.#kept = 0;
    this.#size = 0;
    if (data.length === 0) return undefined;
    return size > this.#maxBytes ? { data: ends(data), size } : { data, size: undefined };
  }

  #add(part: Uint8Array): void {
    if (part.length === 0) return;
    this.#parts.push(part);
    this.#kept += part.length;
    this.#size += part.length;
    if (this.#kept <= this.#maxBytes + 1 || this.#kept <= 2 * MAX_CHAN_END_BYTES + 1) return;
    const kept = ends(this.#join());
    this.#parts = [kept];
    this.#kept = kept.length;
  }

  #join(): Uint8Array {
    const [first] = this.#parts;
    if (this.#parts.length === 1 && first !== undefined) return first;
    const whole = new Uint8Array(this.#kept);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}
