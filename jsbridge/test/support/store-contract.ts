// What every store must do. It runs in a page as well, so it needs nothing of Node.

import type { TokenStore } from "../../src/store.js";

/** Checks a store that is empty; `same` makes another on the same place, where that can be. Rejects if something is wrong. */
export async function storeContract(store: TokenStore, same?: () => TokenStore): Promise<void> {
  const key = `remora/oauth/${"k".repeat(100)} ~"\\`;
  const value = JSON.stringify({ token: "ä \u2028 \ud83d\ude00 \u0000", n: "x".repeat(60_000) });

  equal(await store.get(key), undefined, "nothing is there");
  await store.delete(key);
  equal(await store.swap(key, "something", "x"), false, "there is nothing to swap");
  equal(await store.swap(key, "something", undefined), false, "there is nothing to delete");
  equal(await store.get(key), undefined, "nothing was written");
  equal(await store.swap(key, undefined, value), true, "the first may begin");
  equal(await store.get(key), value, "what was written is there");
  equal(await store.swap(key, undefined, "x"), false, "the second may not");
  equal(await store.swap(key, `${value} `, "x"), false, "nor who expects something else");
  equal(await store.get(key), value, "what is there stays");
  equal(await store.swap(key, value, "y"), true, "what is expected is replaced");
  await store.set("other", "");
  equal(await store.get("other"), "", "an empty value is one");
  await store.set(key, "z");
  await store.set(key, "zz");
  equal(await store.get(key), "zz", "set asks for nothing");
  equal(await store.swap(key, "y", undefined), false, "what is not expected is not deleted");
  equal(await store.swap(key, "zz", undefined), true, "what is expected is");
  equal(await store.get(key), undefined, "it is gone");
  await store.delete("other");
  equal(await store.get("other"), undefined, "delete asks for nothing");
  for (const name of ["__proto__", "constructor", "toString"]) {
    equal(await store.get(name), undefined, `${name} is a key like others`);
    await store.set(name, "1");
    equal(await store.get(name), "1", `${name} is a key like others`);
    await store.delete(name);
  }

  // One of many wins, each time.
  const stores = [store, store, same?.() ?? store, same?.() ?? store];
  let held: string | undefined;
  for (let round = 0; round < 5; round++) {
    const swapped = await Promise.all(stores.map((each, i) => each.swap("lease", held, `${round} ${i}`)));
    equal(swapped.filter((won) => won).length, 1, "one of several wins");
    held = `${round} ${swapped.indexOf(true)}`;
    for (const each of stores) equal(await each.get("lease"), held, "all see the winner's value");
  }
  await store.delete("lease");

  // No change is lost.
  await Promise.all(stores.map((each) => add(each, 5)));
  equal(await store.get("count"), String(5 * stores.length), "every change counts");
  await store.delete("count");
}

/** Adds to a number in the store, one by one, by swap. */
export async function add(store: TokenStore, times: number): Promise<void> {
  for (let done = 0; done < times; ) {
    const was = await store.get("count");
    if (await store.swap("count", was, String(Number(was ?? 0) + 1))) done++;
  }
}

function equal(got: unknown, want: unknown, what: string): void {
  if (got !== want) throw new Error(`${what}: got ${String(got).slice(0, 100)}, want ${String(want).slice(0, 100)}`);
}
