// Elicitation: what a server wants of the person in front, and the answer
// (specification 2025-11-25 and 2026-07-28, client/elicitation).

import type { Elicit, Elicited } from "./generated/wire.js";
import type { JsonSchema } from "./tools.js";

/** What the elicit handler gets: a form to fill in, or (mode "url") a page to visit. */
export interface ElicitParams extends Elicit {
  requestedSchema?: ElicitSchema;
  _meta?: Record<string, unknown>;
}

/** The form: an object of fields. */
export interface ElicitSchema extends JsonSchema {
  type?: "object";
  properties?: Record<string, ElicitField>;
  required?: string[];
}

/** A field of the form, as far as the specification names its parts. */
export interface ElicitField extends JsonSchema {
  type?: "string" | "number" | "integer" | "boolean" | "array";
  title?: string;
  description?: string;
  /** Takes the place of what is missing in the answer. */
  default?: unknown;
  /** Of a string: email, uri, date or date-time. */
  format?: string;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  /** The values to choose from. */
  enum?: string[];
  /** Their names, in the same order (before 2025-11-25). */
  enumNames?: string[];
  /** The values to choose one from, with their names. */
  oneOf?: ElicitOption[];
  /** Of a choice of several: the values, with names (anyOf) or without (enum). */
  items?: { type?: "string"; enum?: string[]; anyOf?: ElicitOption[] };
  minItems?: number;
  maxItems?: number;
}

/** A value to choose, and its name. */
export interface ElicitOption {
  const: string;
  title?: string;
}

/** The answer. The values have to fit the form; what is missing gets its default. */
export interface ElicitResult extends Elicited {
  action: "accept" | "decline" | "cancel";
  content?: Record<string, unknown>;
  _meta?: Record<string, unknown>;
}
