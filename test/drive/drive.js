// Runs scripts with the npm package, in whatever environment has loaded it.
// Scripts and outcomes are described in test/internal/drive/script.go.

const stepLimitMs = 60_000;
const atOnce = 4;

/**
 * Runs scripts, a few at the same time.
 *
 * @param {object} remora the npm package's exports
 * @param {object[]} scripts
 * @param {object} environment what is different from place to place
 * @param {boolean} [environment.browser] whether this is a page
 * @param {() => { memory: number, heap?: number, resources?: number }} [environment.memory] what is held, in bytes and
 *   number
 * @param {(page: string, decision: string) => Promise<string>} [environment.visit] does what a person does there, and
 *   gives the URL that the person is sent back to
 * @param {(value: object) => string} [environment.print] prints a value with all that is in it
 * @param {(kind: string, name: string) => object} [environment.store] a store of credentials
 * @returns {Promise<object[]>} one report for each script, in their order
 */
export async function runScripts(remora, scripts, environment = {}) {
  const reports = new Array(scripts.length);
  let next = 0;
  const worker = async () => {
    while (next < scripts.length) {
      const i = next++;
      reports[i] = await new Run(remora, scripts[i], environment).all();
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, scripts.length) }, worker));
  return reports;
}

class Run {
  constructor(remora, script, environment) {
    this.remora = remora;
    this.script = script;
    this.environment = environment;
    this.url = (environment.browser && script.browserUrl) || script.url;
    this.client = undefined;
    this.asks = [];
    this.onAsk = new Set();
    this.listening = new Map();
    this.events = new Map();
    this.onEvent = new Set();
  }

  async all() {
    const outcomes = [];
    for (const step of this.script.steps) outcomes.push(await this.timed(step));
    return { name: this.script.name, outcomes };
  }

  async timed(step) {
    const from = performance.now();
    this.asks = [];
    const asks = this.asks;
    let timer;
    const hung = new Promise((resolve) => {
      timer = setTimeout(() => resolve({ hung: true }), stepLimitMs);
    });
    const outcome = await Promise.race([this.several(step), hung]);
    clearTimeout(timer);
    if (asks.length > 0) outcome.asks = asks;
    outcome.ms = performance.now() - from;
    return outcome;
  }

  async several(step) {
    if (step.count > 0) {
      const each = await Promise.all(Array.from({ length: step.count }, () => this.caught(step)));
      return { each };
    }
    if (step.beside?.length > 0) {
      const [own, ...each] = await Promise.all([step, ...step.beside].map((one) => this.caught(one)));
      return { ...own, each };
    }
    let outcome;
    for (let i = 0; i < Math.max(1, step.repeat ?? 1); i++) {
      outcome = await this.caught(step);
      if (outcome.error) break;
    }
    return outcome;
  }

  async caught(step) {
    const outcome = {};
    try {
      await this.once(step, outcome);
    } catch (error) {
      outcome.error = failure(this.remora, error);
    }
    return outcome;
  }

  async once(step, outcome) {
    switch (step.do) {
      case "connect":
        this.client = await this.remora.connect(this.url, this.options());
        outcome.protocol = this.client.protocolVersion;
        return;
      case "listTools":
        outcome.result = await this.connected().listToolsRaw({}, this.callOptions(step));
        return;
      case "allTools":
        outcome.names = [];
        for await (const tool of this.connected().tools(this.callOptions(step))) outcome.names.push(tool.name);
        return;
      case "request":
        outcome.result = await this.request(step);
        return;
      case "eachOf":
        outcome.names = [];
        for await (const entry of this.connected()[step.method](this.callOptions(step)))
          outcome.names.push(named(entry));
        return;
      case "wholeList": {
        const list = `list${step.method[0].toUpperCase()}${step.method.slice(1)}`;
        const result = await this.connected()[list]({}, this.callOptions(step));
        outcome.names = result[step.method].map(named);
        return;
      }
      case "callTool":
        return this.call(step, outcome);
      case "ping":
        await this.connected().ping(this.callOptions(step));
        return;
      case "on":
        return this.listen(step.event);
      case "off":
        this.listening.get(step.event)?.();
        this.listening.delete(step.event);
        return;
      case "awaitEvent":
        outcome.events = await this.seen(step);
        this.events.set(step.event, this.events.get(step.event).slice(outcome.events.length));
        return;
      case "signal":
        await this.seen(step);
        await fetch(step.url);
        return;
      case "get":
        await fetch(step.url);
        return;
      case "counters":
        outcome.counters = await this.counters(step);
        return;
      case "shown":
        outcome.result = await this.shown();
        return;
      case "setRoots":
        await this.connected().setRoots(roots(step.roots ?? []), this.callOptions(step));
        return;
      case "memory":
        Object.assign(outcome, this.environment.memory?.());
        if (this.client !== undefined) outcome.live = (await this.client.stats()).heapBytes;
        return;
      case "close":
        await this.connected().close();
        return;
      default:
        throw new Error(`unknown step ${step.do}`);
    }
  }

  // What there is to see of the client: its snapshot without credentials, and how it prints.
  async shown() {
    const client = this.connected();
    const print = this.environment.print ?? JSON.stringify;
    return [JSON.stringify(await client.snapshot()), String(client), print(client)].join("\n");
  }

  // Makes a request; its result as JSON, as the server sent it.
  async request(step) {
    const client = this.connected();
    const options = this.callOptions(step);
    if (step.method === "setLoggingLevel")
      return JSON.stringify(await client.setLoggingLevel(step.params.level, options));
    const raw = client[`${step.method}Raw`];
    if (raw !== undefined) return raw.call(client, step.params, options);
    return JSON.stringify(await client[step.method](step.params, options));
  }

  connected() {
    if (this.client === undefined) throw new Error("this script has no client: connect failed");
    return this.client;
  }

  options() {
    const {
      protocol,
      limits,
      origins,
      headers,
      token,
      trace,
      connectTimeoutMs,
      listMaxPages,
      cacheMode,
      elicit,
      sample,
    } = this.script;
    const { sampleTools, elicitUrl, validateOutput } = this.script;
    const capabilities = {
      ...(elicitUrl ? { elicitation: { form: {}, url: {} } } : {}),
      ...(sampleTools ? { sampling: { tools: {} } } : {}),
    };
    const handlers = {};
    if (elicit !== undefined) handlers.elicit = (params, context) => this.answer("elicit", elicit, params, context);
    if (sample !== undefined) handlers.sample = (params, context) => this.answer("sample", sample, params, context);
    return {
      ...(protocol === undefined ? {} : { protocolVersion: protocol }),
      ...(limits === undefined ? {} : { limits }),
      ...(origins === undefined ? {} : { policy: { origins } }),
      ...(headers === undefined ? {} : { headers }),
      ...(token === undefined ? {} : { token: async () => token }),
      ...(trace ? { events: { trace: (data) => this.note("trace", data) } } : {}),
      ...(connectTimeoutMs === undefined ? {} : { timeout: connectTimeoutMs }),
      ...(this.script.roots === undefined ? {} : { roots: roots(this.script.roots) }),
      ...(validateOutput === undefined ? {} : { validateOutput: validateOutput === "off" ? false : validateOutput }),
      capabilities,
      ...(listMaxPages === undefined ? {} : { listMaxPages }),
      ...(cacheMode === undefined ? {} : { cacheMode }),
      clientInfo: { name: "remora-test", version: "1" },
      handlers,
      ...(this.script.auth === undefined ? {} : { auth: this.auth() }),
    };
  }

  auth() {
    const { decision = "allow", store = "", ...options } = this.script.auth;
    if (store !== "") {
      const [kind, ...name] = store.split(":");
      options.store = this.environment.store(kind, name.join(":"));
    }
    if (options.grant === undefined) {
      options.redirectUrl = "http://127.0.0.1:1/callback";
      options.authorize = ({ url, issuer }) => {
        this.asks.push({ kind: "authorize", params: { issuer } });
        return this.environment.visit(url, decision);
      };
    }
    return options;
  }

  callOptions(step) {
    return {
      ...(step.timeoutMs === undefined ? {} : { timeout: step.timeoutMs }),
      ...(step.maxTotalTimeoutMs === undefined ? {} : { maxTotalTimeout: step.maxTotalTimeoutMs }),
      ...(step.cacheMode === undefined ? {} : { cacheMode: step.cacheMode }),
      ...(step.keepTimeout ? { resetTimeoutOnProgress: false } : {}),
    };
  }

  async call(step, outcome) {
    const options = this.callOptions(step);
    const progress = [];
    let over = false;
    const abort = new AbortController();
    if (step.progress || step.cancel === "progress") {
      options.onprogress = (event) => {
        if (over) outcome.late = (outcome.late ?? 0) + 1;
        else progress.push(event.progress);
        if (step.cancel === "progress") abort.abort();
      };
    }
    const onAsk = () => abort.abort();
    let unseen;
    if (step.cancel) {
      options.signal = abort.signal;
      if (step.cancel === "ask") this.onAsk.add(onAsk);
      else if (step.cancel !== "progress") {
        const failed = (error) => {
          unseen = error;
        };
        this.counters({ wait: step.cancel })
          .catch(failed)
          .finally(() => abort.abort());
      }
    }
    try {
      outcome.result = await this.connected().callToolRaw(
        { name: step.tool, arguments: step.arguments ?? {} },
        options,
      );
    } catch (error) {
      throw unseen ?? error;
    } finally {
      over = true;
      this.onAsk.delete(onAsk);
      if (progress.length > 0) outcome.progress = progress;
      // Whatever is on its way now comes too late.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }

  async answer(kind, answer, params, context) {
    const question = { kind, params };
    this.asks.push(question);
    const withdrawn = new Promise((resolve) => {
      context.signal.addEventListener(
        "abort",
        () => {
          question.withdrawn = true;
          resolve({ action: "cancel" });
        },
        { once: true },
      );
    });
    for (const listener of this.onAsk) listener();
    if (answer === "never") return withdrawn;
    if (answer === "throw") throw new Error("the handler fails");
    if (answer === "visit") {
      await fetch(params.url);
      return { action: "accept" };
    }
    if (answer === "fill") return { action: "accept", content: fill(params.requestedSchema) };
    return JSON.parse(answer);
  }

  listen(event) {
    const off = this.connected().on(event, (data) => this.note(event, data));
    this.listening.set(event, off);
  }

  note(event, data) {
    if (!this.events.has(event)) this.events.set(event, []);
    this.events.get(event).push(data ?? null);
    for (const listener of this.onEvent) listener();
  }

  // Waits until the step's events have come, and returns them.
  async seen({ event, min = 1, until = "" }) {
    for (;;) {
      const events = this.events.get(event) ?? [];
      if (events.length >= min && events.some((data) => JSON.stringify(data).includes(until))) return [...events];
      await new Promise((resolve) => {
        const once = () => {
          this.onEvent.delete(once);
          resolve();
        };
        this.onEvent.add(once);
      });
    }
  }

  async counters({ wait, min, max }) {
    const query = new URLSearchParams();
    if (wait !== undefined) query.set("wait", wait);
    if (min !== undefined) query.set("min", String(min));
    if (max !== undefined) query.set("max", String(max));
    const answer = await fetch(`${this.url}/counters?${query}`);
    if (!answer.ok) throw new Error(`counters: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }
}

function roots(uris) {
  return uris.map((uri) => ({ uri, name: "root" }));
}

// What an entry of a list goes by.
const named = (entry) => entry.uri ?? entry.uriTemplate ?? entry.name;

// The values of a form's required fields.
function fill({ properties = {}, required = [] } = {}) {
  const filled = { string: "blue", boolean: true, integer: 1, number: 1 };
  return Object.fromEntries(required.map((name) => [name, filled[properties[name]?.type]]));
}

// An error as the contract has it. One that is not remora's is reported with a
// code that no test expects.
function failure(remora, error) {
  if (!(error instanceof remora.RemoraError)) {
    return { code: "foreign", message: String(error?.stack ?? error), sent: "", retryable: false };
  }
  const { code, message, sent, retryable, status, rpcCode, data } = error;
  return { code, message, sent, retryable, status, rpcCode, data };
}
