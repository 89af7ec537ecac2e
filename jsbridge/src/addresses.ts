// Which part of the network an address belongs to.

/** The part of the network: everything but "public" is reached from this machine or its surroundings only. */
export type AddressClass = "public" | "loopback" | "link-local" | "private";

/**
 * The class of a URL's host (as URL.hostname gives it) that needs no resolving:
 * an address, or localhost. Undefined for every other name.
 */
export function hostClass(hostname: string): AddressClass | undefined {
  const name = hostname.replace(/\.$/, "").toLowerCase();
  if (name === "localhost" || name.endsWith(".localhost")) return "loopback";
  return addressClass(name.startsWith("[") ? name.slice(1, -1) : name);
}

/** Whether a URL is of http on this machine, where nobody can listen in. */
export function isLocalHttp({ protocol, hostname }: URL): boolean {
  return protocol === "http:" && hostClass(hostname) === "loopback";
}

/**
 * The class of an IPv4 or IPv6 address in the form that URL and the resolver
 * give; undefined for what is no address. One that holds an IPv4 address
 * (mapped, NAT64, 6to4) is judged by that.
 */
export function addressClass(address: string): AddressClass | undefined {
  const v4 = parseV4(address);
  if (v4 !== undefined) return classV4(v4);
  const v6 = parseV6(address);
  return v6 === undefined ? undefined : classV6(v6);
}

// The IANA special-purpose registries: everything that is not globally reachable.
const blocksV4: readonly (readonly [base: number, bits: number, name: AddressClass])[] = [
  [0x00000000, 8, "loopback"], // this host
  [0x7f000000, 8, "loopback"],
  [0xa9fe0000, 16, "link-local"],
  [0xe0000000, 24, "link-local"], // multicast on the link
  [0x0a000000, 8, "private"],
  [0x64400000, 10, "private"], // carrier-grade NAT
  [0xac100000, 12, "private"],
  [0xc0000000, 24, "private"], // protocol assignments
  [0xc0000200, 24, "private"], // documentation
  [0xc0a80000, 16, "private"],
  [0xc6120000, 15, "private"], // benchmarking
  [0xc6336400, 24, "private"], // documentation
  [0xcb007100, 24, "private"], // documentation
  [0xe0000000, 4, "private"], // multicast
  [0xf0000000, 4, "private"], // reserved, broadcast
];

function classV4(address: number): AddressClass {
  return blocksV4.find(([base, bits]) => (address ^ base) >>> (32 - bits) === 0)?.[2] ?? "public";
}

function classV6(words: readonly number[]): AddressClass {
  const [a = 0, b = 0, c = 0] = words;
  const tail = (((words[6] ?? 0) << 16) | (words[7] ?? 0)) >>> 0;
  const zeros = words.findIndex((word) => word !== 0);
  if (zeros === -1 || zeros >= 6) return tail < 2 ? "loopback" : classV4(tail); // ::, ::1, IPv4-compatible
  if (zeros === 5 && words[5] === 0xffff) return classV4(tail); // IPv4-mapped
  if (a === 0x64 && b === 0xff9b && zeros === 0 && c === 0) return classV4(tail); // NAT64
  if (a === 0x2002) return classV4(((b << 16) | c) >>> 0); // 6to4
  if ((a & 0xffc0) === 0xfe80 || (a & 0xff0f) === 0xff02) return "link-local";
  // Only 2000::/3 is global; of it, not the protocol assignments and documentation.
  if (a >>> 13 !== 1) return "private";
  return a === 0x2001 && (b < 0x200 || b === 0xdb8) ? "private" : "public";
}

function parseV4(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  let address = 0;
  for (const part of match.slice(1)) {
    if (Number(part) > 255) return undefined;
    address = address * 256 + Number(part);
  }
  return address;
}

function parseV6(text: string): number[] | undefined {
  const bare = text.replace(/%.*$/, "");
  if (!/^[0-9a-f:.]+$/i.test(bare) || !bare.includes(":")) return undefined;
  const halves = bare.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(words);
  if (head === undefined || halves.length === 1) return head?.length === 8 ? head : undefined;
  if (tail === undefined || head.length + tail.length > 7) return undefined;
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

function words(text: string): number[] | undefined {
  const out: number[] = [];
  if (text === "") return out;
  for (const part of text.split(":")) {
    const v4 = parseV4(part);
    if (v4 !== undefined) out.push(v4 >>> 16, v4 & 0xffff);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) out.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return out;
}
