// Pictures, sounds and files that came as base64. They are shown from blobs
// that the page makes: nothing of a server's is fetched.

import { useEffect, useState } from "react";
import { fileName, saveFile } from "./save.js";
import { bytes } from "./sizes.js";

/** The bytes of base64, or undefined if it is none. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/** Base64 data of a MIME type, shown if the browser can show it, and to be saved. */
export function Media({ data, mimeType, name }: { data: string; mimeType: string; name: string }) {
  const [blob, setBlob] = useState<{ blob: Blob; url: string } | "broken">();
  useEffect(() => {
    const content = fromBase64(data);
    if (content === undefined) {
      setBlob("broken");
      return;
    }
    const made = new Blob([content], { type: shown(mimeType) ? mimeType : "application/octet-stream" });
    const url = URL.createObjectURL(made);
    setBlob({ blob: made, url });
    return () => URL.revokeObjectURL(url);
  }, [data, mimeType]);
  const [failed, setFailed] = useState(false);

  if (blob === undefined) return null;
  if (blob === "broken") return <p className="note">The data is not base64, so it cannot be shown.</p>;
  const kind = shown(mimeType);
  const fail = () => setFailed(true);
  return (
    <figure className="media">
      {failed && <p className="note">The browser cannot show this {kind}.</p>}
      {kind === "image" && !failed && <img src={blob.url} alt={`Result, ${mimeType}`} onError={fail} />}
      {kind === "audio" && !failed && (
        // biome-ignore lint/a11y/useMediaCaption: a tool's result has none
        <audio src={blob.url} controls onError={fail} aria-label={`Result, ${mimeType}`} />
      )}
      <figcaption>
        {mimeType || "unknown type"}, {bytes(blob.blob.size)}{" "}
        <button type="button" className="link" onClick={() => saveFile(blob.blob, fileName(name, "result.bin"))}>
          Save
        </button>
      </figcaption>
    </figure>
  );
}

// A picture in an img runs no scripts, whatever its type.
function shown(mimeType: string): "image" | "audio" | undefined {
  return /^(image|audio)\/[\w.+-]+$/.exec(mimeType.split(";", 1)[0] ?? "")?.[1] as "image" | "audio" | undefined;
}
