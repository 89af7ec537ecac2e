// What an application usually wants of a result.

import { badArgument, RemoraError } from "./errors.js";
import type { InvalidResult } from "./generated/wire.js";
import type { CallToolResult, ContentBlock, ResourceContents } from "./tools.js";
import type { TypedResult } from "./typed.js";

/** Something with content: a tool's result, or a message's. */
interface HasContent {
  content: ContentBlock | ContentBlock[];
}

/**
 * The text of a result: its text blocks, and the text of the resources in it,
 * with a line break between them. Empty if there is none.
 */
export function text(result: HasContent): string {
  const parts: string[] = [];
  for (const block of list(result.content)) {
    const value = block.type === "resource" ? resourceOf(block)?.text : block["text"];
    if ((block.type === "text" || block.type === "resource") && typeof value === "string") parts.push(value);
  }
  return parts.join("\n");
}

/**
 * The structured value of a tool's result. The type is what the caller knows of
 * the tool, or what a typed client says of it; that the value fits the tool's own outputSchema, callTool has checked
 * (connect's validateOutput). JSON.parse has rounded large numbers: callToolRaw
 * has them all.
 *
 * Throws a RemoraError: rpc/error if the tool failed (isError), with its text, and
 * rpc/invalid_result if there is no structured value.
 */
export function structured<T>(result: TypedResult<T>): T;
export function structured<T = unknown>(result: CallToolResult): T;
export function structured<T = unknown>(result: CallToolResult): T {
  if (result.isError === true) {
    throw new RemoraError("rpc/error", `the tool failed: ${text(result).slice(0, 200)}`, { sent: "yes" });
  }
  if (result.structuredContent === undefined) {
    throw new RemoraError("rpc/invalid_result", "the tool's result has no structured content", {
      sent: "yes",
      data: { pointer: "/structuredContent", result } satisfies InvalidResult,
    });
  }
  return result.structuredContent as T;
}

/** Content that holds bytes: an image, a sound, a resource, or what a resource read gives. */
export type BinaryContent = ContentBlock | ResourceContents;

/** The bytes and type of a picture, a sound or a resource. Text is encoded in UTF-8. Throws local/bad_argument. */
export function blob(content: BinaryContent): Blob {
  const { bytes, type } = binary(content);
  return new Blob([bytes], { type });
}

/** The same as a data URL, for an img element's src for instance. Throws local/bad_argument. */
export function dataURL(content: BinaryContent): string {
  const { base64, bytes, type } = binary(content);
  return `data:${type};base64,${base64 ?? encodeBase64(bytes)}`;
}

function list(content: ContentBlock | ContentBlock[]): ContentBlock[] {
  return Array.isArray(content) ? content : [content];
}

function resourceOf(content: BinaryContent): ResourceContents | undefined {
  const { resource } = content as { resource?: unknown };
  return typeof resource === "object" && resource !== null ? (resource as ResourceContents) : undefined;
}

// A type that came from a server goes into a URL: only what is one gets there.
const mimeType = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:; ?[\w-]+=[\w.+-]+)*$/;

function binary(content: BinaryContent): { bytes: Uint8Array<ArrayBuffer>; base64?: string; type: string } {
  const holder = resourceOf(content) ?? content;
  const { data, blob, text, mimeType: given } = holder as Record<string, unknown>;
  const type = typeof given === "string" && mimeType.test(given) ? given : undefined;
  const base64 = data ?? blob;
  if (typeof base64 === "string") {
    return { bytes: decodeBase64(base64), base64, type: type ?? "application/octet-stream" };
  }
  if (typeof text === "string") return { bytes: new TextEncoder().encode(text), type: type ?? "text/plain" };
  throw badArgument("this content holds neither bytes nor text");
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    throw badArgument("the content's bytes are not base64");
  }
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function encodeBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let i = 0; i < bytes.length; i += 8192) binary += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(binary);
}
