import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, type KeyObject, verify, webcrypto } from "node:crypto";
import { test } from "node:test";
import { inspect } from "node:util";
import { AuthSettings } from "../src/auth-options.js";
import { type CryptoKeyPairLike, Signing, type SigningAlgorithm, type SigningKey } from "../src/sign.js";

const claims = { iss: "client", aud: ["a", "b"], iat: 1_700_000_000, jti: "ü" };

interface Jwt {
  header: Record<string, unknown>;
  claims: unknown;
  good(key: KeyObject): boolean;
}

function read(jwt: string): Jwt {
  const [head = "", body = "", signature = ""] = jwt.split(".");
  const part = (text: string) => JSON.parse(Buffer.from(text, "base64url").toString()) as Record<string, unknown>;
  const header = part(head);
  return {
    header,
    claims: part(body),
    good: (key) => {
      const data = Buffer.from(`${head}.${body}`);
      const options = header["alg"] === "PS256" ? { padding: 6, saltLength: 32 } : {};
      const how = { key, dsaEncoding: "ieee-p1363" as const, ...options };
      return verify(header["alg"] === "EdDSA" ? null : "sha256", data, how, Buffer.from(signature, "base64url"));
    },
  };
}

const kinds: Record<SigningAlgorithm, () => { privateKey: KeyObject; publicKey: KeyObject }> = {
  ES256: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  RS256: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  PS256: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  EdDSA: () => generateKeyPairSync("ed25519"),
};

const webKinds: Record<SigningAlgorithm, Parameters<webcrypto.SubtleCrypto["generateKey"]>[0]> = {
  ES256: { name: "ECDSA", namedCurve: "P-256" } as webcrypto.EcKeyGenParams,
  RS256: rsa("RSASSA-PKCS1-v1_5"),
  PS256: rsa("RSA-PSS"),
  EdDSA: { name: "Ed25519" },
};

function rsa(name: string): webcrypto.RsaHashedKeyGenParams {
  return { name, hash: "SHA-256", modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) };
}

for (const [alg, make] of Object.entries(kinds) as [SigningAlgorithm, (typeof kinds)["ES256"]][]) {
  test(`${alg}: a PEM and a CryptoKey that cannot be extracted sign`, async () => {
    const { privateKey, publicKey } = make();
    const pem = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
    const signing = new Signing({ privateKey: pem, alg, kid: "k1" }, undefined);
    assert.equal(inspect(signing, { depth: 9 }).includes(pem.slice(40, 80)), false);
    const jwt = read(await signing.sign({ use: "client", typ: "JWT", claims }));
    assert.deepEqual(jwt.header, { alg, typ: "JWT", kid: "k1" });
    assert.deepEqual(jwt.claims, claims);
    assert.equal(jwt.good(publicKey), true);
    assert.equal(jwt.good(make().publicKey), false);

    const pair = (await webcrypto.subtle.generateKey(webKinds[alg], false, ["sign", "verify"])) as CryptoKeyPairLike;
    for (const [key, header] of [
      [pair.privateKey, { alg }],
      [
        { privateKey: pair.privateKey, kid: "k2", alg },
        { alg, kid: "k2" },
      ],
    ] as [SigningKey, object][]) {
      const other = read(await new Signing(key, undefined).sign({ use: "client", claims }));
      assert.deepEqual(other.header, header);
      const exported = await webcrypto.subtle.exportKey("jwk", pair.publicKey as webcrypto.CryptoKey);
      assert.equal(other.good(createPublicKey({ key: exported as never, format: "jwk" })), true);
    }
  });
}

test("a function signs by itself", async () => {
  const asked: unknown[] = [];
  const key: SigningKey = (...args) => {
    asked.push(args);
    return "a.b.c";
  };
  assert.equal(await new Signing(key, undefined).sign({ use: "client", typ: "JWT", claims }), "a.b.c");
  assert.equal(await new Signing(key, undefined).sign({ use: "client", claims }), "a.b.c");
  assert.deepEqual(asked, [
    [claims, { typ: "JWT" }],
    [claims, {}],
  ]);
});

test("DPoP: each proof is by the same key, and says it, without what is private", async () => {
  const signing = new Signing(undefined, true);
  const proofs = await Promise.all([1, 2].map(() => signing.sign({ use: "dpop", typ: "dpop+jwt", claims })));
  const [one, two] = proofs.map(read) as [Jwt, Jwt];
  assert.deepEqual(one.header, two.header);
  assert.equal(one.header["typ"], "dpop+jwt");
  const jwk = one.header["jwk"] as Record<string, unknown>;
  assert.deepEqual(Object.keys(jwk).sort(), ["crv", "kty", "x", "y"]);
  assert.equal(one.good(createPublicKey({ key: jwk as never, format: "jwk" })), true);

  const pair = (await webcrypto.subtle.generateKey(webKinds.RS256, true, ["sign", "verify"])) as CryptoKeyPairLike;
  for (const dpop of [pair, Promise.resolve(pair)]) {
    const proof = read(await new Signing(undefined, dpop).sign({ use: "dpop", typ: "dpop+jwt", claims }));
    assert.deepEqual(Object.keys(proof.header["jwk"] as object).sort(), ["e", "kty", "n"]);
  }
});

test("what cannot be a key is refused, and never quoted", async () => {
  const { privateKey } = kinds.ES256();
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  const sec1 = privateKey.export({ type: "sec1", format: "pem" }) as string;
  const pair = (await webcrypto.subtle.generateKey(webKinds.ES256, false, ["sign", "verify"])) as CryptoKeyPairLike;
  const p384 = (await webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-384" } as never, false, [
    "sign",
  ])) as CryptoKeyPairLike;
  const bad = (message: RegExp) => (error: unknown) => {
    const { code, message: said } = error as { code: string; message: string };
    assert.equal(code, "local/bad_argument");
    assert.match(said, message);
    assert.equal(said.includes(pem.split("\n")[1] ?? ""), false);
    return true;
  };
  for (const [key, message] of [
    [{ privateKey: pem }, /alg must be given/],
    [{ privateKey: pem, alg: "none" }, /must be one of/],
    [{ privateKey: pem, alg: "toString" }, /must be one of/],
    [{ privateKey: sec1, alg: "ES256" }, /openssl pkcs8/],
    [{ privateKey: "secret", alg: "ES256" }, /PKCS #8/],
    [{ privateKey: pem, alg: "ES256", kid: 7 }, /kid/],
    [{ privateKey: pair.privateKey, alg: "RS256" }, /is for ES256/],
    [pair.publicKey, /private CryptoKey/],
    [p384.privateKey, /one of/],
    ["secret", /must be a key/],
    [7, /must be a key/],
  ] as [SigningKey, RegExp][]) {
    assert.throws(() => new Signing(key, undefined), bad(message));
  }
  for (const dpop of ["yes", 7, { privateKey: pair.privateKey }, { privateKey: 1, publicKey: 2 }]) {
    assert.throws(() => new Signing(undefined, dpop as never), bad(/dpop/));
  }
  await assert.rejects(
    new Signing({ privateKey: pem, alg: "RS256" }, undefined).sign({ use: "client", claims }),
    bad(/not a private key for RS256/),
  );
  await assert.rejects(new Signing(undefined, true).sign({ use: "client", claims }), bad(/not given/));
  // Printed, the settings show nothing of it.
  const settings = new AuthSettings({ key: { privateKey: pem, alg: "ES256" }, clientSecret: "secret-4711" }, undefined);
  assert.doesNotMatch(inspect(settings, { depth: 9, showHidden: true }), /PRIVATE KEY|secret-4711/);
});
