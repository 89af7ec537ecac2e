// Icons that a server gives to what it has. Only those whose bytes came along are
// shown: fetching one would tell another server who looks at it.

import { useEffect, useState } from "react";
import { fromBase64 } from "./media.js";

// More than an icon needs.
const maxCharacters = 128 * 1024;

/** The first icon that can be shown, or nothing. icons is whatever the server sent. */
export function Icon({ icons }: { icons: unknown }) {
  const source = Array.isArray(icons) ? icons.map((icon) => icon?.src).find(usable) : undefined;
  const [shown, setShown] = useState<string>();
  useEffect(() => {
    const bytes = source === undefined ? undefined : fromBase64(source.slice(source.indexOf(",") + 1));
    if (source === undefined || bytes === undefined) return;
    const url = URL.createObjectURL(new Blob([bytes], { type: source.slice("data:".length, source.indexOf(";")) }));
    setShown(url);
    return () => {
      setShown(undefined);
      URL.revokeObjectURL(url);
    };
  }, [source]);
  if (shown === undefined) return null;
  return <img className="own-icon" src={shown} alt="" width="20" height="20" onError={() => setShown(undefined)} />;
}

function usable(source: unknown): source is string {
  return typeof source === "string" && source.length < maxCharacters && /^data:image\/[\w.+-]+;base64,/.test(source);
}
