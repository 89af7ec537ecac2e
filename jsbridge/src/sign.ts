// Signing of JWTs (RFC 7515, RFC 7518, RFC 8037) by WebCrypto, with keys that stay
// on this side of the boundary.

import { badArgument } from "./errors.js";
import { SIGN_D_PO_P, type Sign } from "./generated/wire.js";

/** A private key of WebCrypto's (CryptoKey), which need not be extractable. */
export interface CryptoKeyLike {
  readonly type: string;
  readonly extractable: boolean;
  readonly algorithm: { readonly name: string };
  readonly usages: readonly string[];
}

/** A pair of keys of WebCrypto's (CryptoKeyPair). Only the public one has to be extractable. */
export interface CryptoKeyPairLike {
  readonly privateKey: CryptoKeyLike;
  readonly publicKey: CryptoKeyLike;
}

/** How a JWT can be signed. */
export type SigningAlgorithm = "ES256" | "RS256" | "PS256" | "EdDSA";

/** A key, and what is to be said of it. */
export interface SigningKeyOptions {
  /** The key: of WebCrypto's, or as PEM ("-----BEGIN PRIVATE KEY-----", PKCS #8). */
  privateKey: CryptoKeyLike | string;
  /** How it signs. A PEM needs it; a CryptoKey knows it. */
  alg?: SigningAlgorithm | undefined;
  /** The name by which the authorization server knows it. */
  kid?: string | undefined;
}

/** Signs by itself: gives the JWT with these claims, and with the header's typ if there is one. */
export type Signer = (claims: Record<string, unknown>, header: { typ?: string }) => string | Promise<string>;

/** The key by which an authorization server knows the client. */
export type SigningKey = CryptoKeyLike | SigningKeyOptions | Signer;

/** The key that tokens are bound to: true for one that is made now, and ends with the client. */
export type DPoPKey = boolean | CryptoKeyPairLike | Promise<CryptoKeyPairLike>;

interface Key {
  readonly key: CryptoKey;
  readonly alg: SigningAlgorithm;
  readonly header: Record<string, unknown>;
}

// How each alg is said to WebCrypto: to take a key in, and to sign.
const algorithms: { readonly [A in SigningAlgorithm]: { name: string; [param: string]: unknown } } = {
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  PS256: { name: "RSA-PSS", hash: "SHA-256", saltLength: 32 },
  EdDSA: { name: "Ed25519" },
};

/** Signs what the core asks for. Keys are read when they are first needed. */
export class Signing {
  readonly #key: SigningKey | undefined;
  readonly #dpop: DPoPKey | undefined;
  #client: Promise<Key> | undefined;
  #proof: Promise<Key> | undefined;

  /** Throws local/bad_argument for what cannot be a key. */
  constructor(key: SigningKey | undefined, dpop: DPoPKey | undefined) {
    if (key !== undefined && typeof key !== "function") checkKey(key);
    if (typeof dpop === "object" && !("then" in dpop)) checkPair(dpop);
    else if (dpop !== undefined && typeof dpop !== "boolean" && typeof dpop !== "object") {
      throw badArgument("auth.dpop must be a boolean or a pair of keys");
    }
    this.#key = key;
    this.#dpop = dpop;
  }

  /** Whether there is a key for anything. */
  get any(): boolean {
    return this.#key !== undefined || this.bound;
  }

  /** Whether tokens are bound to a key. */
  get bound(): boolean {
    return this.#dpop !== undefined && this.#dpop !== false;
  }

  /** Gives the JWT. Rejects with local/bad_argument if the key cannot, or with what the application's function throws. */
  async sign({ use, typ, claims }: Sign): Promise<string> {
    if (use === SIGN_D_PO_P) {
      this.#proof ??= readPair(this.#dpop);
      return compact(await this.#proof, typ, claims);
    }
    const key = this.#key;
    if (key === undefined) throw badArgument("auth.key is not given, and is asked for");
    if (typeof key === "function") return key(claims as Record<string, unknown>, typ === undefined ? {} : { typ });
    this.#client ??= readKey(key);
    return compact(await this.#client, typ, claims);
  }
}

function checkKey(key: Exclude<SigningKey, Signer>): void {
  if (typeof key !== "object" || key === null) throw badArgument("auth.key must be a key, or a function that signs");
  const { privateKey, alg, kid } = "privateKey" in key ? key : { privateKey: key, alg: undefined, kid: undefined };
  if (alg !== undefined && !Object.hasOwn(algorithms, alg)) {
    throw badArgument(`auth.key.alg must be one of ${Object.keys(algorithms).join(", ")}`);
  }
  if (kid !== undefined && typeof kid !== "string") throw badArgument("auth.key.kid must be a text");
  if (typeof privateKey === "string") {
    if (alg === undefined) throw badArgument("auth.key.alg must be given with a PEM: ES256, for instance");
    pemBytes(privateKey);
    return;
  }
  const known = algorithmOf(privateKey, "auth.key");
  if (alg !== undefined && alg !== known) throw badArgument(`auth.key is for ${known}, and alg says ${alg}`);
}

function checkPair(pair: CryptoKeyPairLike): void {
  algorithmOf(pair?.privateKey, "auth.dpop.privateKey");
  if (pair.publicKey?.type !== "public") throw badArgument("auth.dpop.publicKey must be a public CryptoKey");
}

function algorithmOf(key: CryptoKeyLike, what: string): SigningAlgorithm {
  if (typeof key !== "object" || key === null || key.type !== "private" || !key.usages?.includes("sign")) {
    throw badArgument(`${what} must be a private CryptoKey that may sign`);
  }
  const has = key.algorithm as { name: string; namedCurve?: string; hash?: { name: string } };
  for (const [alg, { name, namedCurve, hash }] of Object.entries(algorithms)) {
    if (has.name === name && has.namedCurve === namedCurve && (namedCurve !== undefined || has.hash?.name === hash)) {
      return alg as SigningAlgorithm;
    }
  }
  throw badArgument(`${what} must be for one of ${Object.keys(algorithms).join(", ")}`);
}

async function readKey(given: Exclude<SigningKey, Signer>): Promise<Key> {
  const { privateKey, alg, kid } =
    "privateKey" in given ? given : { privateKey: given, alg: undefined, kid: undefined };
  const header = kid === undefined ? {} : { kid };
  if (typeof privateKey !== "string") {
    return { key: privateKey as CryptoKey, alg: algorithmOf(privateKey, "auth.key"), header };
  }
  const chosen = alg as SigningAlgorithm;
  try {
    const key = await crypto.subtle.importKey("pkcs8", pemBytes(privateKey), algorithms[chosen], false, ["sign"]);
    return { key, alg: chosen, header };
  } catch {
    // What WebCrypto says of it may quote it.
    throw badArgument(`auth.key.privateKey is not a private key for ${chosen}, or this place cannot use such a key`);
  }
}

async function readPair(given: DPoPKey | undefined): Promise<Key> {
  const made = given === true || given === undefined || given === false ? generate() : given;
  const pair = await made;
  checkPair(pair);
  const all = await crypto.subtle.exportKey("jwk", pair.publicKey as CryptoKey);
  const jwk = Object.fromEntries(
    (["crv", "e", "kty", "n", "x", "y"] as const)
      .filter((name) => all[name] !== undefined)
      .map((name) => [name, all[name]]),
  );
  return {
    key: pair.privateKey as CryptoKey,
    alg: algorithmOf(pair.privateKey, "auth.dpop.privateKey"),
    header: { jwk },
  };
}

/** Makes a pair of keys for DPoP, of which the private one cannot be had out. */
export function generate(): Promise<CryptoKeyPairLike> {
  return crypto.subtle.generateKey(algorithms.ES256, false, ["sign", "verify"]) as Promise<CryptoKeyPair>;
}

const encoder = new TextEncoder();

async function compact({ key, alg, header }: Key, typ: string | undefined, claims: unknown): Promise<string> {
  const head = JSON.stringify({ alg, ...(typ === undefined ? {} : { typ }), ...header });
  const signed = `${base64url(encoder.encode(head))}.${base64url(encoder.encode(JSON.stringify(claims)))}`;
  const signature = await crypto.subtle.sign(algorithms[alg], key, encoder.encode(signed));
  return `${signed}.${base64url(new Uint8Array(signature))}`;
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}

function pemBytes(pem: string): Uint8Array<ArrayBuffer> {
  const body = /^\s*-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----\s*$/.exec(pem)?.[1];
  if (body !== undefined) {
    try {
      return Uint8Array.from(atob(body.replace(/\s+/g, "")), (char) => char.charCodeAt(0));
    } catch {
      // Not base64: told below.
    }
  }
  const hint = /-----BEGIN (RSA|EC|ENCRYPTED) PRIVATE KEY-----/.test(pem)
    ? ": `openssl pkcs8 -topk8 -nocrypt` makes one of this"
    : "";
  throw badArgument(`auth.key.privateKey must be a PEM that begins "-----BEGIN PRIVATE KEY-----" (PKCS #8)${hint}`);
}
