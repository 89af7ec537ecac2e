import assert from "node:assert/strict";
import { test } from "node:test";
import { type AddressClass, addressClass, hostClass } from "../src/addresses.js";
import { SessionPolicy } from "../src/policy.js";

test("addresses are classed", () => {
  const cases: Record<AddressClass | "none", string[]> = {
    loopback: ["127.0.0.1", "127.255.0.1", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1"],
    "link-local": [
      "169.254.169.254",
      "224.0.0.1",
      "fe80::1%eth0",
      "febf::1",
      "ff02::1",
      "ff12::1",
      "::ffff:169.254.1.1",
    ],
    private: [
      "10.1.2.3",
      "172.16.0.1",
      "172.31.255.255",
      "192.168.1.1",
      "100.64.0.1",
      "192.0.2.1",
      "198.18.0.1",
      "255.255.255.255",
      "239.1.1.1",
      "fd00::1",
      "fec0::1",
      "ff05::1",
      "64:ff9b::a00:1",
      "64:ff9b:1::1",
      "2002:a00:1::",
      "2001:db8::1",
      "2001:0:1::",
      "100::1",
    ],
    public: [
      "8.8.8.8",
      "172.15.255.255",
      "172.32.0.1",
      "100.128.0.1",
      "169.253.0.1",
      "::ffff:8.8.8.8",
      "64:ff9b::808:808",
      "2002:808:808::",
      "2606:4700:4700::1111",
      "2001:4860:4860::8888",
    ],
    none: ["example.com", "1.2.3", "1.2.3.256", "1:2:3", "1::2::3", "1:2:3:4:5:6:7:8:9", ":::", "g::1", ""],
  };
  for (const [want, addresses] of Object.entries(cases)) {
    for (const address of addresses) assert.equal(addressClass(address) ?? "none", want, address);
  }
});

test("hosts are read as URLs give them", () => {
  const cases: [url: string, want: AddressClass | undefined][] = [
    ["http://localhost/", "loopback"],
    ["http://LOCALHOST./", "loopback"],
    ["http://db.localhost/", "loopback"],
    ["http://[::1]/", "loopback"],
    ["http://0x7f.1/", "loopback"],
    ["http://2130706433/", "loopback"],
    ["http://localhost.example/", undefined],
    ["http://[2606:4700::1]/", "public"],
  ];
  for (const [url, want] of cases) assert.equal(hostClass(new URL(url).hostname), want, url);
});

test("a request goes to the server's own origin, or to one that the application allows", () => {
  const policy = new SessionPolicy(new URL("https://mcp.example/mcp"), {
    origins: ["https://files.example", "https://10.0.0.1:8080"],
  });
  const cases: [url: string, code: string | undefined][] = [
    ["https://mcp.example/other?q=1", undefined],
    ["https://mcp.example:443/", undefined],
    ["https://mcp.example:8443/", "policy/origin"],
    ["http://mcp.example/mcp", "policy/origin"],
    ["https://files.example/x", undefined],
    ["https://10.0.0.1:8080/x", "policy/private_address"],
    ["https://files.example.evil/x", "policy/origin"],
    ["https://evil.example/", "policy/origin"],
    ["https://user:secret@mcp.example/", "policy/origin"],
    ["file:///etc/passwd", "policy/origin"],
    ["data:text/plain,x", "policy/origin"],
  ];
  for (const [url, want] of cases) {
    const refusal = policy.refusal(new URL(url));
    assert.equal(refusal?.code, want, url);
    if (refusal !== undefined) {
      assert.equal(refusal.sent, "no");
      assert.doesNotMatch(refusal.message, /secret|q=1/);
    }
  }
});

test("a redirect never leads from https to http", () => {
  const policy = new SessionPolicy(new URL("http://mcp.example/"), { origins: ["https://files.example"] });
  const refusal = policy.refusal(new URL("http://mcp.example/"), new URL("https://files.example/"));
  assert.equal(refusal?.code, "policy/redirect");
  assert.equal(refusal?.sent, "yes");
});

test("addresses that are not public are allowed if the server is at one of the same kind", () => {
  const origins = ["http://192.168.0.5", "http://127.0.0.1", "http://files.example"];
  const policy = (server: string, privateAddresses?: boolean) =>
    new SessionPolicy(new URL(server), { origins, privateAddresses });
  const cases: [name: string, policy: SessionPolicy, isPrivate: boolean, loopback: boolean][] = [
    ["a public server", policy("http://8.8.8.8/"), false, false],
    ["a server on loopback", policy("http://localhost:1/"), false, true],
    ["a server on a private network", policy("http://10.0.0.1/"), true, false],
    ["a server that nobody knows yet", policy("http://mcp.example/"), false, false],
    ["always", policy("http://8.8.8.8/", true), true, true],
    ["never", policy("http://127.0.0.1/", false), false, false],
  ];
  for (const [name, rule, isPrivate, loopback] of cases) {
    const code = (url: string) => rule.refusal(new URL(url))?.code;
    assert.equal(code("http://192.168.0.5/"), isPrivate ? undefined : "policy/private_address", name);
    assert.equal(code("http://127.0.0.1/"), loopback ? undefined : "policy/private_address", name);
    assert.equal(code("http://files.example/"), undefined, name);
    assert.equal(rule.allowsAddress("files.example", "192.168.7.7"), isPrivate, name);
    assert.equal(rule.allowsAddress("files.example", "127.0.0.1"), loopback, name);
    assert.equal(rule.allowsAddress("files.example", "8.8.8.8"), true, name);
  }
});

test("where the server is, is learnt from the first connection, and cannot change to another kind", () => {
  const policy = new SessionPolicy(new URL("http://mcp.example/"), { origins: ["http://files.example"] });
  assert.equal(policy.allowsAddress("mcp.example", "10.0.0.7"), true, "the server may be anywhere");
  policy.connected("files.example", "127.0.0.1");
  policy.connected("mcp.example", "10.0.0.7");
  policy.connected("mcp.example", "127.0.0.1");
  assert.equal(policy.allowsAddress("files.example", "10.9.9.9"), true);
  assert.equal(policy.allowsAddress("files.example", "127.0.0.1"), false);
  assert.equal(policy.allowsAddress("mcp.example", "127.0.0.1"), false);
  const other = new SessionPolicy(new URL("http://mcp.example/"));
  other.connected("mcp.example", "8.8.8.8");
  assert.equal(other.allowsAddress("mcp.example", "10.0.0.7"), false, "a name that is turned on the private network");
});

test("origins that are none are refused", () => {
  for (const origin of [
    "files.example",
    "https://files.example/path",
    "ftp://files.example",
    "https://u:p@files.example",
    "*",
  ]) {
    assert.throws(
      () => new SessionPolicy(new URL("https://mcp.example/"), { origins: [origin] }),
      { code: "local/bad_argument" },
      origin,
    );
  }
});
