// One at a time, among all that share something by a name: other tabs and workers
// too, where the browser has locks.

const waiting = new Map<string, Promise<unknown>>();

/** Does the work when nobody else of this name does any. */
export function oneAtATime<T>(name: string, work: () => T | Promise<T>): Promise<T> {
  const locks = typeof navigator === "object" ? navigator.locks : undefined;
  if (locks !== undefined) return locks.request(name, async () => work()) as Promise<T>;
  const before = waiting.get(name) ?? Promise.resolve();
  const mine = before.then(work);
  const over = mine.then(
    () => {},
    () => {},
  );
  waiting.set(name, over);
  void over.then(() => waiting.get(name) === over && waiting.delete(name));
  return mine;
}
