// What a program writes to its stderr, line by line.

import { callBack } from "./events.js";

const maxTail = 4 << 10;
const maxLine = 64 << 10;

/** What becomes of the lines. */
export interface StderrOptions {
  /** Takes the secrets out of a line before that is told as an event or kept for an error; if it throws, the line is left out. */
  redact: ((line: string) => string) | undefined;
  /** The application's own, told of the lines as they are. */
  copied: ((line: string) => void) | undefined;
  /** Told of the lines that are not empty, without secrets. */
  said: (line: string) => void;
}

/** Splits what comes into lines, of which one that is longer than 64 KiB is several, and keeps the end for an error. */
export class StderrLines {
  readonly #options: StderrOptions;
  #line = "";
  #tail = "";

  constructor(options: StderrOptions) {
    this.#options = options;
  }

  /** Takes what was read. */
  write(text: string): void {
    this.#line += text;
    let from = 0;
    for (;;) {
      const end = this.#line.indexOf("\n", from);
      if ((end < 0 ? this.#line.length : end) - from >= maxLine) {
        this.#end(this.#line.slice(from, from + maxLine));
        from += maxLine;
      } else if (end >= 0) {
        this.#end(this.#line.slice(from, end));
        from = end + 1;
      } else {
        break;
      }
    }
    this.#line = this.#line.slice(from);
  }

  /** Takes the end, which may be within a line. */
  close(): void {
    const line = this.#line;
    this.#line = "";
    if (line !== "") this.#end(line);
  }

  /** The end of what was written, without secrets: at most 4 KiB. */
  get end(): string {
    return (this.#tail + (this.#redacted(this.#line) ?? "")).slice(-maxTail);
  }

  #end(ended: string): void {
    const raw = ended.endsWith("\r") ? ended.slice(0, -1) : ended;
    const { copied, said } = this.#options;
    if (copied !== undefined) callBack(() => copied(raw));
    const line = this.#redacted(raw);
    if (line === undefined) return;
    this.#tail = `${this.#tail}${line}\n`.slice(-maxTail);
    if (line !== "") said(line);
  }

  #redacted(line: string): string | undefined {
    const { redact } = this.#options;
    if (redact === undefined) return line;
    let clean: string | undefined;
    callBack(() => {
      clean = String(redact(line));
    });
    return clean;
  }
}
