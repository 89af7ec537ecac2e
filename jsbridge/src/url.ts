// Reading URLs that others give.

/** The URL that a text is, or undefined if it is none. */
export function parseUrl(text: string, base?: URL): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}
