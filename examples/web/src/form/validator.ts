// Checks a form's data against its JSON Schema by interpreting the schema: the
// page's policy forbids to generate code, which is how other validators work.

import { type Schema, Validator } from "@cfworker/json-schema";
import { ErrorSchemaBuilder, type RJSFSchema, toErrorList, type ValidationData, type ValidatorType } from "@rjsf/utils";

type Data = unknown;

/** What the form library asks of a validator. */
export const validator: ValidatorType<Data, RJSFSchema> = {
  validateFormData(data, schema) {
    return problems(schema, data);
  },
  isValid(schema, data, root) {
    try {
      return interpret({ ...definitions(root), ...schema }, data).valid;
    } catch {
      return false;
    }
  },
  rawValidation(schema, data) {
    try {
      return { errors: interpret(schema, data).errors as never[] };
    } catch (error) {
      return { validationError: error instanceof Error ? error : new Error(String(error)) };
    }
  },
};

// A part of a schema refers to what its root defines.
function definitions({ $defs, definitions }: RJSFSchema): RJSFSchema {
  return { ...($defs === undefined ? {} : { $defs }), ...(definitions === undefined ? {} : { definitions }) };
}

function interpret(schema: RJSFSchema, data: Data) {
  // undefined is no JSON: it stands for what was not filled in.
  const instance: unknown = data === undefined ? {} : JSON.parse(JSON.stringify(data));
  return new Validator(schema as Schema, "2020-12", false).validate(instance);
}

function problems(schema: RJSFSchema, data: Data): ValidationData<Data> {
  const found = new ErrorSchemaBuilder<Data>();
  let failed: ReturnType<typeof interpret>["errors"];
  try {
    failed = interpret(schema, data).errors;
  } catch {
    // The schema itself is wrong. The server will say what it does not like.
    return { errors: [], errorSchema: {} };
  }
  const seen = new Set<string>();
  for (const { keyword, error, instanceLocation } of failed) {
    const path = pointer(instanceLocation);
    const missing = keyword === "required" ? /"(.*)"\.$/s.exec(error)?.[1] : undefined;
    if (missing !== undefined) path.push(missing);
    // A part's failure is also reported for each whole that it belongs to.
    const whole = wholes.has(keyword);
    const key = JSON.stringify(path);
    if (whole || seen.has(key)) continue;
    seen.add(key);
    found.addErrors(missing === undefined ? sentence(keyword, error) : "This is required.", path);
  }
  const errorSchema = found.ErrorSchema;
  return { errors: toErrorList(errorSchema), errorSchema };
}

const wholes = new Set([
  "properties",
  "patternProperties",
  "items",
  "prefixItems",
  "$ref",
  "allOf",
  "if",
  "then",
  "else",
  "dependentSchemas",
  "additionalProperties",
  "unevaluatedProperties",
]);

const plain: Record<string, string> = {
  anyOf: "None of the choices fits.",
  oneOf: "Exactly one of the choices has to fit.",
  pattern: "This does not have the form that is asked for.",
  uniqueItems: "The items must differ from each other.",
};

function sentence(keyword: string, error: string): string {
  return plain[keyword] ?? error;
}

// "#/a/0" as ["a", "0"].
function pointer(location: string): string[] {
  return location
    .split("/")
    .slice(1)
    .map((part) => unescaped(part).replaceAll("~1", "/").replaceAll("~0", "~"));
}

function unescaped(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
