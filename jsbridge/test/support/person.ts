// What a person does at the page of the demo server's authorization server.

/** Opens the page, presses a button, and gives the URL that a browser would be sent back to. */
export async function decide(page: string, decision: "allow" | "deny"): Promise<string> {
  const shown = await fetch(page, { redirect: "manual" });
  const at = shown.headers.get("location");
  if (at !== null) return at;
  const html = await shown.text();
  const request = /name="request" value="([^"]+)"/.exec(html)?.[1];
  const action = /action="([^"]+)"/.exec(html)?.[1];
  if (request === undefined || action === undefined) throw new Error(`no form: ${shown.status} ${html}`);
  const answer = await fetch(new URL(action, page), {
    method: "POST",
    body: new URLSearchParams({ request, decision }),
    redirect: "manual",
  });
  const back = answer.headers.get("location");
  if (back === null) throw new Error(`no way back: ${answer.status}`);
  return back;
}
