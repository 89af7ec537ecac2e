// Authorization: what an application says of how an access token is got, and what
// is made of it (specification 2025-11-25 and 2026-07-28, basic/authorization).

import { isLocalHttp } from "./addresses.js";
import type { AskHandlers, Handler } from "./asks.js";
import { type AssertSource, authHandlers, Learned, learning } from "./auth-asks.js";
import { badArgument } from "./errors.js";
import type { Auth, IdentityProvider } from "./generated/wire.js";
import { type DPoPKey, Signing, type SigningKey } from "./sign.js";
import { memoryStore, type TokenStore } from "./store.js";
import { parseUrl } from "./url.js";

/** How a token is asked for. */
export type Grant = "authorization_code" | "client_credentials" | "workload" | "enterprise";

/** How a client shows an authorization server who it is. */
export type ClientAuthentication = "none" | "client_secret_basic" | "client_secret_post" | "private_key_jwt";

/**
 * How an access token is got. Tokens live in the core and in the store; a request
 * to the server's own origin carries the token that was issued for that server.
 * Where the application gives an Authorization of its own (headers, token), it is
 * that which counts.
 *
 * popup(), redirect() and chromeIdentity() of remora-mcp/auth, and loopback() and
 * paste() of remora-mcp/auth/node make the parts that ask a person: `{ auth: popup() }`,
 * `{ auth: { ...loopback(), scopes: ["files:read"] } }`.
 */
export interface AuthOptions {
  /** Shows a person a page and gives back the URL that they came back to. The same as handlers.authorize. */
  authorize?: Handler<"authorize"> | undefined;
  /** Where the authorization server sends the person back to. A function is called when a session is opened. */
  redirectUrl?: string | URL | (() => string | URL | Promise<string | URL>) | undefined;
  /**
   * Whether this program may end while a person is asked, as a page does that the person leaves. What is needed to
   * go on is then kept in the store, and the next session with the same server asks once more, with the same URL.
   */
  resumable?: boolean | undefined;
  /** Where credentials are kept. Default: in memory, for this client alone. */
  store?: TokenStore | undefined;
  /** How a token is asked for. Default "authorization_code", which asks a person. */
  grant?: Grant | undefined;
  /** The client's name at the authorization server, if it is registered there. Otherwise it registers itself. */
  clientId?: string | undefined;
  /** Belongs to clientId; absent for a public client. */
  clientSecret?: string | undefined;
  /** How the client shows that it is clientId. Default: what fits, and the authorization server supports. */
  clientAuth?: ClientAuthentication | undefined;
  /** The https URL of the client's metadata document, which is its name where the authorization server takes such. */
  clientMetadataUrl?: string | URL | undefined;
  /** The authorization server that clientId is registered with. Another one is auth/issuer_mismatch. */
  issuer?: string | URL | undefined;
  /** Scopes to ask for besides those that the server names. */
  scopes?: readonly string[] | undefined;
  /** Leaves out offline_access, which is otherwise asked for where it is supported, so that a token can be renewed. */
  onlineOnly?: boolean | undefined;
  /** What is said of the client when it registers itself (RFC 7591, section 2), besides what follows from the rest. */
  registration?: Readonly<Record<string, unknown>> | undefined;
  /** The key by which the authorization server knows the client: it signs here, and never leaves. */
  key?: SigningKey | undefined;
  /**
   * Binds tokens to a key (RFC 9449): true for one that is made now and ends with the client, or a pair, as
   * indexedDBKeyPair() of remora-mcp/auth keeps one. With a store that lasts the key has to last as well.
   */
  dpop?: DPoPKey | undefined;
  /** Gives the token that "workload" and "enterprise" begin with. */
  assert?: AssertSource | undefined;
  /** The identity provider of "enterprise". */
  identity?: IdentityProvider | undefined;
}

/** Authorization as a session has it. Nothing of it shows when it is printed. */
export class AuthSettings {
  readonly #options: AuthOptions;
  readonly #learned = new Learned();
  /** Answers to the core's questions. */
  readonly handlers: AskHandlers;
  /** The authorization servers that the application named. */
  readonly named: readonly string[];

  /** Throws local/bad_argument for what cannot be right. authorize is the handler in handlers. */
  constructor(options: AuthOptions, authorize: Handler<"authorize"> | undefined) {
    this.#options = options;
    const { clientSecret, identity, issuer, store = memoryStore(), assert } = options;
    const signing = new Signing(options.key, options.dpop);
    this.#learned.add(clientSecret);
    this.#learned.add(identity?.clientSecret);
    const handlers = authHandlers({ authorize: options.authorize ?? authorize, signing, assert, store });
    this.handlers = learning(handlers, this.#learned);
    this.named = namedServers({ issuer, identity });
  }

  /** What must not be in a trace, as far as it passed through here. */
  secrets(): Iterable<string> {
    return this.#learned;
  }

  /** What the core is told. Rejects with what a redirectUrl function throws, or local/bad_argument for what it gives. */
  async params(): Promise<Auth> {
    const { redirectUrl } = this.#options;
    const url = typeof redirectUrl === "function" ? await redirectUrl() : redirectUrl;
    return wireAuth(this.#options, url === undefined ? undefined : checkedUrl("redirectUrl", url));
  }
}

/** The URLs of authorization servers that the application itself gave. */
export function namedServers({ issuer, identity }: Pick<AuthOptions, "issuer" | "identity">): string[] {
  return [issuer, identity?.issuer, identity?.tokenUrl].filter((url) => url !== undefined).map(String);
}

/** Reads auth; what it takes to get a token has to be there only if one is wanted. Throws local/bad_argument. */
export function readAuth(
  given: AuthOptions | undefined,
  authorize: Handler<"authorize"> | undefined,
  wanted = true,
): AuthSettings | undefined {
  if (given === undefined) {
    if (authorize !== undefined) throw badArgument("handlers.authorize is for auth: give auth, with its redirectUrl");
    return undefined;
  }
  if (typeof given !== "object" || given === null) throw badArgument("auth must be an object");
  checkTypes(given);
  if (wanted) checkGrant(given, authorize);
  return new AuthSettings(given, authorize);
}

const grants: readonly Grant[] = ["authorization_code", "client_credentials", "workload", "enterprise"];
const clientAuths: readonly ClientAuthentication[] = [
  "none",
  "client_secret_basic",
  "client_secret_post",
  "private_key_jwt",
];
const storeMethods = ["get", "set", "swap", "delete"] as const;

function checkTypes(auth: AuthOptions): void {
  for (const name of ["authorize", "assert"] as const) {
    if (auth[name] !== undefined && typeof auth[name] !== "function")
      throw badArgument(`auth.${name} must be a function`);
  }
  for (const name of ["clientId", "clientSecret"] as const) {
    if (auth[name] !== undefined && typeof auth[name] !== "string") throw badArgument(`auth.${name} must be a text`);
  }
  for (const name of ["clientMetadataUrl", "issuer"] as const) {
    if (auth[name] !== undefined) checkedUrl(name, auth[name]);
  }
  const { store, scopes, grant, clientAuth, redirectUrl, registration } = auth;
  if (redirectUrl !== undefined && typeof redirectUrl !== "function") checkedUrl("redirectUrl", redirectUrl);
  if (store !== undefined && !storeMethods.every((method) => typeof store?.[method] === "function")) {
    throw badArgument(`auth.store must have the methods ${storeMethods.join(", ")}`);
  }
  if (
    scopes !== undefined &&
    !(Array.isArray(scopes) && scopes.every((scope) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)))
  ) {
    throw badArgument("auth.scopes must be a list of scopes");
  }
  if (grant !== undefined && !grants.includes(grant))
    throw badArgument(`auth.grant must be one of ${grants.join(", ")}`);
  if (clientAuth !== undefined && !clientAuths.includes(clientAuth)) {
    throw badArgument(`auth.clientAuth must be one of ${clientAuths.join(", ")}`);
  }
  if (registration !== undefined && (typeof registration !== "object" || registration === null)) {
    throw badArgument("auth.registration must be an object");
  }
}

function checkGrant(auth: AuthOptions, authorize: Handler<"authorize"> | undefined): void {
  const { grant = "authorization_code", assert, identity, key, clientAuth } = auth;
  if (grant === "authorization_code") {
    if ((auth.authorize ?? authorize) === undefined) {
      throw badArgument(
        "auth needs authorize: popup() of remora-mcp/auth, for instance, or loopback() of remora-mcp/auth/node",
      );
    }
    if (auth.redirectUrl === undefined) throw badArgument("auth.authorize needs auth.redirectUrl");
  }
  if ((grant === "workload" || grant === "enterprise") && assert === undefined) {
    throw badArgument(`auth.grant ${grant} needs auth.assert`);
  }
  if (grant === "enterprise") {
    if (identity?.issuer === undefined && identity?.tokenUrl === undefined) {
      throw badArgument("auth.grant enterprise needs auth.identity, with issuer or tokenUrl");
    }
    for (const name of ["issuer", "tokenUrl"] as const) {
      if (identity[name] !== undefined) checkedUrl(`identity.${name}`, identity[name]);
    }
  }
  if (clientAuth === "private_key_jwt" && key === undefined)
    throw badArgument("auth.clientAuth private_key_jwt needs auth.key");
}

// A redirect may be to a program's own scheme; everything else is fetched.
function checkedUrl(name: string, given: string | URL): string {
  const url = parseUrl(String(given));
  if (url === undefined) throw badArgument(`auth.${name} must be an absolute URL`);
  if (name === "redirectUrl" ? url.protocol === "javascript:" : url.protocol !== "https:" && !isLocalHttp(url)) {
    throw badArgument(`auth.${name} must be a URL of https`);
  }
  // As it was given: an issuer is compared character by character.
  return String(given);
}

function wireAuth(options: AuthOptions, redirectUrl: string | undefined): Auth {
  const { grant, clientId, clientSecret, clientAuth, clientMetadataUrl, issuer, scopes, identity } = options;
  const out: Auth = {};
  if (grant !== undefined) out.grant = grant;
  if (clientId !== undefined) out.clientId = clientId;
  if (clientSecret !== undefined) out.clientSecret = clientSecret;
  if (clientAuth !== undefined) out.clientAuth = clientAuth;
  else if (options.key !== undefined) out.clientAuth = "private_key_jwt";
  if (clientMetadataUrl !== undefined) out.clientMetadataUrl = String(clientMetadataUrl);
  if (issuer !== undefined) out.issuer = String(issuer);
  if (redirectUrl !== undefined) out.redirectUrl = redirectUrl;
  if (scopes !== undefined) out.scopes = [...scopes];
  if (options.onlineOnly === true) out.onlineOnly = true;
  if (options.registration !== undefined) out.registration = options.registration;
  if (options.resumable === true) out.resumable = true;
  if (options.dpop !== undefined && options.dpop !== false) out.dpop = true;
  if (identity !== undefined) out.identity = { ...identity };
  return out;
}
