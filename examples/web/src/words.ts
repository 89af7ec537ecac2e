// Words that a server may have sent.

/** A text that is one and not empty, or undefined: what a server sends can be of any type. */
export function words(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
