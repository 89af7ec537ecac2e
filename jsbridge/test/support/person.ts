// What a person does at the page of the demo server's authorization server.

interface Visit {
  visit(page: string, decision: "allow" | "deny"): Promise<string>;
}

/** Opens the page, presses a button, and gives the URL that a browser would be sent back to. */
export const { visit: decide } = (await import("../../../../../test/drive/visit.js" as string)) as Visit;
