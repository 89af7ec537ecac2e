// Lists that come in pages: one page, all of it, one entry after the other.

import { badArgument, RemoraError } from "./errors.js";
import { DEFAULT_LIST_MAX_PAGES, MAX_LIST_PAGES } from "./generated/wire.js";
import type { RequestOptions } from "./options.js";

/** Parameters of the requests that list something. */
export interface ListParams {
  /**
   * Where a page begins: the nextCursor of the page before, or "" for the first
   * page. Without it, the whole list is fetched.
   */
  cursor?: string | undefined;
  _meta?: Readonly<Record<string, unknown>> | undefined;
}

/** One page of something, or all of it. */
export interface ListResult {
  /** Where the next page begins; absent on the last, and where the whole list was asked for. */
  nextCursor?: string;
  /** How long a server of 2026-07-28 says that this may be kept, in milliseconds. */
  ttlMs?: number;
  /** Whom a server of 2026-07-28 says that this may be kept for: "public" or "private". */
  cacheScope?: string;
  _meta?: Record<string, unknown>;
  [key: string]: unknown;
}

/**
 * What a kept answer is worth. "use", the default: it is taken while it is
 * fresh, otherwise the server is asked. "refresh": the server is asked, and what
 * it says kept. "bypass": the server is asked, and nothing kept.
 */
export type CacheMode = "use" | "refresh" | "bypass";

/** Options of the requests whose answers may be kept. */
export interface CacheableRequestOptions extends RequestOptions {
  /** What a kept answer is worth to this request. Default: the client's. */
  cacheMode?: CacheMode | undefined;
}

/** Throws local/bad_argument for what is no cache mode. */
export function checkCacheMode(mode: unknown): void {
  if (mode !== undefined && mode !== "use" && mode !== "refresh" && mode !== "bypass") {
    throw badArgument('cacheMode must be "use", "refresh" or "bypass"');
  }
}

/** Fetches a page, as JSON. */
export type FetchPage = (params: ListParams) => Promise<string>;

/** A list: the name of the member that holds a page's entries, and the method that goes over them. */
export interface ListOf {
  readonly member: "tools" | "resources" | "resourceTemplates" | "prompts";
  readonly fetch: FetchPage;
}

/** One page if params has a cursor, otherwise the whole list, which may have so many pages; 0 for as many as an iterator. */
export async function listAll<R extends ListResult>(
  { member, fetch }: ListOf,
  params: ListParams,
  maxPages: number = DEFAULT_LIST_MAX_PAGES,
): Promise<R> {
  if (params.cursor !== undefined) return JSON.parse(await fetch(params)) as R;
  let all: ListResult | undefined;
  const entries: unknown[] = [];
  let count = 0;
  for await (const page of pages({ member, fetch }, params)) {
    if (maxPages > 0 && ++count > maxPages) {
      const message = `the server's list of ${member} has more than ${maxPages} pages: raise listMaxPages, or use ${member}()`;
      throw new RemoraError("local/too_large", message, { sent: "yes", retryable: false });
    }
    all ??= page;
    for (const entry of page[member] as unknown[]) entries.push(entry);
  }
  const { nextCursor: _, ...first } = all as ListResult; // there is always a page
  return { ...first, [member]: entries } as unknown as R;
}

/** The entries of a whole list, page by page. */
export async function* eachEntry<T>(list: ListOf): AsyncGenerator<T, void, undefined> {
  for await (const page of pages(list, {})) yield* page[list.member] as T[];
}

// The pages of a list that ends. The next is fetched when it is asked for.
async function* pages({ member, fetch }: ListOf, given: ListParams): AsyncGenerator<ListResult, void, undefined> {
  const seen = new Set<string>();
  let params = given;
  for (let count = 1; ; count++) {
    const page = JSON.parse(await fetch(params)) as ListResult;
    if (!Array.isArray(page[member])) throw notMcp(`the server's list of ${member} is not a list`);
    yield page;
    const { nextCursor } = page;
    if (!nextCursor) return;
    if (typeof nextCursor !== "string") throw notMcp(`a cursor in the server's list of ${member} is not a string`);
    if (seen.has(nextCursor)) {
      throw notMcp(`the server's list of ${member} does not end: it gave the same cursor twice`);
    }
    if (count === MAX_LIST_PAGES) {
      throw notMcp(`the server's list of ${member} does not end: it has more than ${MAX_LIST_PAGES} pages`);
    }
    seen.add(nextCursor);
    params = { ...given, cursor: nextCursor };
  }
}

function notMcp(message: string): RemoraError {
  return new RemoraError("http/not_mcp", message, { sent: "yes" });
}
