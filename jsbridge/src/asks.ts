// Questions that the server asks, and the application's handlers for them.

import type { Question } from "./core.js";
import type { ElicitParams, ElicitResult } from "./elicitation.js";
import { excerpt, RemoraError, wireError } from "./errors.js";
import { type Asks, type Authorize, askNames, type WireError } from "./generated/wire.js";
import type { SampleParams, SampleResult } from "./sampling.js";

/** What a handler is told besides the question itself. */
export interface AskContext {
  /** Aborts when no answer is wanted any more: a dialog should close. */
  readonly signal: AbortSignal;
  /** The origin of the server that asks, to be shown to the person who answers. */
  readonly origin: string;
  /** The call during which the question came, where it is known. */
  readonly call?: number;
  /** How long the answer is awaited, in milliseconds; absent for as long as the call lives. */
  readonly deadlineMs?: number;
  /** The session's server, once it has introduced itself. */
  readonly sessionInfo: SessionInfo;
}

/** What is known of a session's server. */
export interface SessionInfo {
  readonly serverInfo?: ServerInfo;
  readonly protocolVersion?: string;
}

/** A server's own description (Implementation in the specification). */
export interface ServerInfo {
  name: string;
  version: string;
  title?: string;
  [key: string]: unknown;
}

/** What each kind of question holds, and what its answer. */
export interface Questions {
  elicit: { params: ElicitParams; answer: ElicitResult };
  sample: { params: SampleParams; answer: SampleResult };
  /** A person is to visit a page (url); the answer is what they came back to, redirectUrl with a query. */
  authorize: { params: Authorize; answer: string | URL };
}

/**
 * Answers one kind of question. What it throws, and an answer that cannot be
 * sent, ends the call that the question belongs to with local/bad_argument; the
 * server learns no more than that there is no answer.
 */
export type Handler<K extends keyof Questions> = (
  params: Questions[K]["params"],
  context: AskContext,
) => Questions[K]["answer"] | Promise<Questions[K]["answer"]>;

/** The application's handlers. Only what has a handler is announced to the server. */
export type Handlers = { readonly [K in keyof Questions]?: Handler<K> | undefined };

/** Handlers as the boundary has them: what they give is what is replied. */
export type AskHandlers = { readonly [K in keyof Asks]?: AskHandler | undefined };

// A method's parameters may be narrower.
type AskHandler = { handle(params: unknown, context: AskContext): unknown }["handle"];

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** The names of the questions that there are handlers for. */
export function handledAsks(handlers: AskHandlers): (keyof Asks)[] {
  return askNames.filter((name) => handlers[name] !== undefined);
}

/**
 * Asks the application. Resolves to the answer as JSON, or to the error to
 * reply with; never rejects. What a handler throws goes to question.thrown;
 * nothing of it is in the reply, but for the message of a RemoraError where the
 * server has no part in the question.
 */
export async function answer(
  question: Question,
  handlers: AskHandlers,
  sessionInfo: SessionInfo,
): Promise<Uint8Array | WireError> {
  const { kind } = question;
  const handler = isAsk(kind) ? handlers[kind] : undefined;
  if (handler === undefined) {
    return wireError("policy/handler_missing", "the application has no handler for this question", "no");
  }
  const context: AskContext = {
    signal: question.signal,
    origin: question.origin,
    ...(question.call === undefined ? {} : { call: question.call }),
    ...(question.deadlineMs === undefined ? {} : { deadlineMs: question.deadlineMs }),
    sessionInfo,
  };
  let given: unknown;
  try {
    given = await handler(JSON.parse(decoder.decode(question.params)), context);
  } catch (error) {
    question.thrown(error);
    if (error instanceof RemoraError) return wireError(error.code, failure(kind as keyof Asks, error), "yes");
    return wireError("local/bad_argument", `the ${kind} handler failed`, "yes");
  }
  const wrong = problem[kind as keyof Asks](given);
  if (wrong !== undefined) return wireError("local/bad_argument", `the ${kind} handler's answer: ${wrong}`, "yes");
  try {
    return encoder.encode(JSON.stringify(given));
  } catch (error) {
    question.thrown(error);
    return wireError("local/bad_argument", `the ${kind} handler's answer cannot be written as JSON`, "yes");
  }
}

// The server learns nothing of what goes on here; of a login it has not asked for anything.
function failure(kind: keyof Asks, error: RemoraError): string {
  return kind === "elicit" || kind === "sample" ? `the ${kind} handler failed` : excerpt(`${kind}: ${error.message}`);
}

function isAsk(kind: string): kind is keyof Asks {
  return (askNames as readonly string[]).includes(kind);
}

// What is wrong with an answer, or undefined. Values are never quoted: they may
// be what a person typed.
const problem: { [K in keyof Asks]: (given: unknown) => string | undefined } = {
  elicit(given) {
    if (!isObject(given)) return "it must be an object";
    const { action, content } = given;
    if (action !== "accept" && action !== "decline" && action !== "cancel") {
      return 'action must be "accept", "decline" or "cancel"';
    }
    return content === undefined || isObject(content) ? undefined : "content must be an object";
  },
  sample(given) {
    if (!isObject(given)) return "it must be an object";
    const { role, content, model, stopReason } = given;
    if (role !== "assistant" && role !== "user") return 'role must be "assistant" or "user"';
    if (!isObject(content) && !Array.isArray(content)) return "content must be a content block, or a list of them";
    if (typeof model !== "string") return "model must be a string";
    return stopReason === undefined || typeof stopReason === "string" ? undefined : "stopReason must be a string";
  },
  // What these give is made, and checked, in auth-asks.ts; here too, because it may have come from a page to its worker.
  authorize: (given) => hasText(given, "url"),
  sign: (given) => hasText(given, "jwt"),
  assert: (given) => hasText(given, "token"),
  store: (given) => (isObject(given) ? undefined : "it must be an object"),
};

function hasText(given: unknown, name: string): string | undefined {
  return isObject(given) && typeof given[name] === "string" ? undefined : `${name} must be a text`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
