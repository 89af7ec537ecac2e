// Saving to a file.

/** Has the browser save a blob under a name. */
export function saveFile(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The download has its own hold on the blob once it has begun.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** A name that a server gave, as a file's name. */
export function fileName(given: string, otherwise: string): string {
  const name = given
    .replace(/[?#].*$/s, "")
    .replace(/^.*\//s, "")
    .replace(/[^\w.-]+/g, "-")
    .slice(-80);
  return /\w/.test(name) ? name : otherwise;
}
