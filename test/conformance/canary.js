// Notes the secrets that the suite gives a client, as test/internal/canary does,
// and shows what there is to see of the client.

import { appendFileSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";

const folder = fileURLToPath(new URL("../../dist/canaries/", import.meta.url));

// The slot of each member of the context that is secret.
const slots = {
  client_secret: "client secret",
  private_key_pem: "private key",
  idp_id_token: "token",
  valid_jwt: "token",
};

/**
 * @param {string} scenario
 * @param {Record<string, string>} context what the suite gives with it
 */
export function noteSecrets(scenario, context) {
  const noted = [];
  for (const [name, slot] of Object.entries(slots)) {
    // A key's lines may be apart, or without their ends.
    const lines = (context[name] ?? "").split("\n").filter((line) => line.length >= 12 && !line.startsWith("-----"));
    noted.push(...lines.map((value) => ({ slot, value })));
  }
  if (scenario === "auth/dpop-nonce") {
    for (const from of ["rs", "as"]) noted.push({ slot: "nonce", value: `conformance-${from}-dpop-nonce` });
  }
  if (noted.length === 0) return;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const text = noted.map((canary) => `${JSON.stringify(canary)}\n`).join("");
  appendFileSync(`${folder}${process.pid}.jsonl`, text, { mode: 0o600 });
}

/** Writes what a client and its options print as, and its snapshot, to standard error, which the suite keeps. */
export async function show(client, options) {
  console.error(inspect([client, options.events], { depth: null, showHidden: true, getters: true }));
  console.error(JSON.stringify(await client.snapshot()));
}
