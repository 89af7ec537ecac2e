// How a group names what its servers have. test/vectors/group-names.json holds
// what the rule makes of what; host/groupnames.go is the same rule.

/** Names what a group's servers have: gets the name that the server gave, and the server's name in the group. */
export type NamingRule = (name: string, server: string) => string;

// What the APIs of all large models take: letters, digits, _ and -, at most 64
// of them, no digit or hyphen first.
const maxLength = 64;
const hashLength = 8;

/**
 * The default rule: prefix, two underscores, name. Whatever a model's API would
 * refuse becomes an underscore; a name that is too long is cut and ends with a
 * hash of the whole.
 */
export function prefixedName(prefix: string, name: string): string {
  const whole = prefix === "" ? name : `${prefix}__${name}`;
  let plain = whole.replace(/[^A-Za-z0-9_-]/gu, "_");
  if (!/^[A-Za-z_]/.test(plain)) plain = `_${plain}`;
  if (plain.length <= maxLength) return plain;
  return `${plain.slice(0, maxLength - hashLength - 1)}_${hash(whole)}`;
}

const encoder = new TextEncoder();

// FNV-1a, 32 bits, of the UTF-8 bytes: 8 hexadecimal digits.
function hash(text: string): string {
  let sum = 0x811c9dc5;
  for (const byte of encoder.encode(text)) sum = Math.imul(sum ^ byte, 0x01000193);
  return (sum >>> 0).toString(16).padStart(hashLength, "0");
}
