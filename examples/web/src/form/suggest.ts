// Suggestions for a field, asked for while somebody types in it.

import { useCallback, useEffect, useRef, useState } from "react";
import { RemoraError } from "remora-mcp";
import { announce } from "../announce.js";
import type { Suggestions } from "../complete.js";

/** How long after the last key the server is asked, in milliseconds. */
const pause = 150;

/** Asks for suggestions for a value. */
export type Ask = (value: string, signal: AbortSignal) => Promise<Suggestions>;

interface Shown {
  readonly open: boolean;
  readonly suggestions: Suggestions;
  /** Whether the server could not say. */
  readonly failed: boolean;
}

const closed: Shown = { open: false, suggestions: { values: [], more: 0 }, failed: false };

/**
 * Suggestions, with a way to ask for them, now or once typing pauses, and to put
 * them away. Asking and putting away cancel what was asked before; its answer
 * is never shown.
 */
export function useSuggestions(ask: Ask | undefined, label: string) {
  const [shown, setShown] = useState<Shown>(closed);
  const stop = useRef<AbortController>(undefined);
  const asking = useRef(ask);
  asking.current = ask;

  const cancel = useCallback(() => stop.current?.abort(), []);
  useEffect(() => cancel, [cancel]);

  const close = useCallback(() => {
    cancel();
    setShown(closed);
  }, [cancel]);

  const suggest = useCallback(
    async (value: string, when: "now" | "soon") => {
      cancel();
      if (asking.current === undefined) return;
      const mine = new AbortController();
      const { signal } = mine;
      stop.current = mine;
      if (when === "soon") await paused(signal);
      if (signal.aborted) return;
      try {
        const suggestions = await asking.current(value, signal);
        if (signal.aborted) return;
        const { values } = suggestions;
        // What is there already need not be suggested.
        const open = values.length > 1 || (values.length === 1 && values[0] !== value);
        setShown({ open, suggestions, failed: false });
        if (open) announce(`${values.length === 1 ? "One suggestion" : `${values.length} suggestions`} for ${label}`);
      } catch (error) {
        if (signal.aborted) return;
        setShown({ ...closed, failed: !(error instanceof RemoraError && error.code === "local/cancelled") });
      }
    },
    [cancel, label],
  );

  return { ...shown, suggest, close };
}

function paused(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, pause);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
