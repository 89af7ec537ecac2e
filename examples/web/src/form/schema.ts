// A server's JSON Schema, as the form library can take it.

import type { RJSFSchema } from "@rjsf/utils";

// Deeper than any form that a person fills in; deeper ones are written as JSON.
const maxDepth = 32;
const maxBytes = 256 * 1024;

/**
 * The schema for a form, or undefined if a form cannot be made of it: then the
 * person writes JSON. Its $schema and $id go, so that references within it are
 * all that there is to resolve.
 */
export function formSchema(given: unknown): RJSFSchema | undefined {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return undefined;
  const { $schema: _schema, $id: _id, ...rest } = given as Record<string, unknown>;
  if (JSON.stringify(rest).length > maxBytes || !resolves(rest, rest, 0)) return undefined;
  return { type: "object", ...rest } as RJSFSchema;
}

/** Whether there is anything to fill in. */
export function asksNothing(schema: RJSFSchema): boolean {
  const { properties = {}, additionalProperties, oneOf, anyOf, allOf, patternProperties } = schema;
  const open = additionalProperties !== undefined && additionalProperties !== false;
  return Object.keys(properties).length === 0 && !open && !oneOf && !anyOf && !allOf && !patternProperties;
}

// Whether every reference leads to a place within the schema.
function resolves(part: unknown, root: unknown, depth: number): boolean {
  if (typeof part !== "object" || part === null) return true;
  if (depth > maxDepth) return false;
  const reference = (part as Record<string, unknown>)["$ref"];
  if (typeof reference === "string" && !leads(reference, root)) return false;
  return Object.values(part).every((inner) => resolves(inner, root, depth + 1));
}

function leads(reference: string, root: unknown): boolean {
  if (!/^#(\/|$)/.test(reference)) return false;
  let at: unknown = root;
  for (const name of reference.split("/").slice(1)) {
    const key = name.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return false;
    at = (at as Record<string, unknown>)[key];
  }
  return true;
}
