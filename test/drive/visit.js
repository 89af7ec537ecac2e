// What a person does at the demo's authorization server.

/**
 * Opens an authorization URL, presses a button, and returns the URL that the
 * browser is sent back to; where there is no page, the one that it is sent to at
 * once.
 *
 * @param {string} page the authorization URL
 * @param {string} decision "allow" or "deny"
 * @returns {Promise<string>}
 */
export async function visit(page, decision) {
  const shown = await fetch(page, { redirect: "manual" });
  const html = await shown.text();
  const at = shown.headers.get("location");
  if (at !== null) return at;
  const request = /name="request" value="([^"]*)"/.exec(html)?.[1];
  const action = /<form method="post" action="([^"]*)"/.exec(html)?.[1];
  if (request === undefined || action === undefined) throw new Error(`${shown.status}, and no form: ${html}`);
  const answer = await fetch(new URL(action, page), {
    method: "POST",
    body: new URLSearchParams({ request, decision }),
    redirect: "manual",
  });
  const back = answer.headers.get("location");
  if (back === null) throw new Error(`the decision was answered with ${answer.status}`);
  return back;
}
