// The work of the benchmarks with one client in JavaScript, wherever it runs. What
// is asked and answered is described in the package protocol (../protocol).
//
// A client is one session:
//
//   text(bytes)       calls the tool text; resolves with how long the text is
//   list()            lists the tools; resolves with how many there are
//   progress(steps)   calls the tool progress; resolves with how many events came
//   guest()           resolves with { guestBytes, guestHeapBytes } if there is a guest

/** What a place can say of its process. */
const nothing = { cpuMs: () => 0, residentBytes: () => 0 };

/** One client of a server, and what it is asked. */
export class Driver {
  #open;
  #server;
  #process;
  #client;
  #listed;
  #more = [];

  /**
   * @param {(url: string) => Promise<object>} open opens a session
   * @param {string} server its URL
   * @param {{ cpuMs(): number, residentBytes(): number }} process
   */
  constructor(open, server, process = nothing) {
    this.#open = open;
    this.#server = server;
    this.#process = process;
  }

  /** Connects and makes a first call. */
  async begin() {
    this.#client = await this.#open(`${this.#server}/mcp`);
    await this.#calls({ count: 1, bytes: 10 });
  }

  /** Does what is asked. Resolves with the reply. */
  async answer(request) {
    try {
      if (request.do === "list") this.#listed ??= await this.#open(`${this.#server}/list`);
      const cpu = this.#process.cpuMs();
      const from = performance.now();
      const facts = await this.#do(request);
      const wallMs = performance.now() - from;
      return { wallMs, cpuMs: this.#process.cpuMs() - cpu, ...facts };
    } catch (error) {
      return { error: String(error?.stack ?? error) };
    }
  }

  async #do(request) {
    const { count, steps } = request;
    switch (request.do) {
      case "call":
        return this.#calls(request);
      case "list":
        for (let i = 0; i < count; i++) expect(await this.#listed.list(), 1000, "tools");
        return {};
      case "progress":
        for (let i = 0; i < count; i++) expect(await this.#client.progress(steps), steps, "progress events");
        return {};
      case "sessions":
        for (let i = 0; i < count; i++) {
          const client = await this.#open(`${this.#server}/mcp`);
          this.#more.push(client);
          expect(await client.text(10), 10, "bytes");
        }
        return {};
      case "memory": {
        const guest = (await this.#client.guest?.()) ?? {};
        globalThis.gc?.();
        return { ...guest, rssBytes: this.#process.residentBytes() };
      }
      default:
        throw new Error(`cannot do ${request.do}`);
    }
  }

  async #calls({ count, inFlight = 1, bytes }) {
    let left = count;
    const flight = async () => {
      while (left-- > 0) expect(await this.#client.text(bytes), bytes, "bytes");
    };
    await Promise.all(Array.from({ length: inFlight }, flight));
    return {};
  }
}

function expect(got, want, what) {
  if (got !== want) throw new Error(`got ${got} ${what}, want ${want}`);
}
