// Authorization for client-js: what connect is given in the scenarios auth/*.

const enterprise = "auth/enterprise-managed-authorization";

/**
 * The option auth for a scenario; undefined for one without authorization.
 *
 * @param {string} scenario
 * @param {Record<string, string>} context what the suite gives with it
 */
export function authFor(scenario, context) {
  if (!scenario.startsWith("auth/")) return undefined;
  const client = { clientId: context.client_id, clientSecret: context.client_secret };
  switch (scenario) {
    case "auth/client-credentials-basic":
      return { grant: "client_credentials", ...client };
    case "auth/client-credentials-jwt":
      return {
        grant: "client_credentials",
        clientId: context.client_id,
        key: { privateKey: context.private_key_pem, alg: context.signing_algorithm },
      };
    case enterprise:
      return {
        grant: "enterprise",
        ...client,
        identity: { issuer: context.idp_issuer, tokenUrl: context.idp_token_endpoint, clientId: context.idp_client_id },
        assert: () => context.idp_id_token,
      };
    case "auth/wif-jwt-bearer":
      return { grant: "workload", clientId: context.client_id, assert: () => context.valid_jwt };
  }
  return {
    redirectUrl: "http://localhost:3000/callback",
    clientMetadataUrl: "https://conformance-test.local/client-metadata.json",
    ...(context.client_id === undefined ? {} : client),
    ...(context.issuer === undefined ? {} : { issuer: context.issuer }),
    ...(scenario.startsWith("auth/dpop") ? { dpop: true } : {}),
    authorize,
  };
}

// The suite's authorization server asks nobody: it redirects at once.
async function authorize({ url }) {
  const answer = await fetch(url, { redirect: "manual" });
  const back = answer.headers.get("location");
  if (back === null) throw new Error(`the authorization server answered ${answer.status}`);
  return new URL(back, url).href;
}
