// The page's content security policy, for its meta tag and its server.

// Scripts and styles come from the page's own origin only, nothing generates
// code, and Trusted Types forbid to make HTML of a string. Requests may go to
// any MCP server that the person names. Pictures and sounds of a server's
// answers are blobs that the page makes itself; nothing of them is fetched.
const directives = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "media-src blob:",
  "connect-src *",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
];

/** For the meta tag. */
export const metaPolicy = directives.join("; ");

/** For the header, which can say more: that no page may frame this one. */
export const headerPolicy = [...directives, "frame-ancestors 'none'"].join("; ");
