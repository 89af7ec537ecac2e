// Resource templates: URIs with variables in braces (RFC 6570).

import { parseTemplate } from "url-template";

/** A variable of a template. */
export interface Variable {
  readonly name: string;
  /** Whether the URI means something without it: those of a query do. */
  readonly required: boolean;
}

/** The variables of a template, each once, in their order. */
export function variables(template: string): Variable[] {
  const all = new Map<string, Variable>();
  for (const [, operator = "", list = ""] of template.matchAll(/\{([+#./;?&]?)([^{}]+)\}/g)) {
    for (const part of list.split(",")) {
      const name = part.replace(/(\*|:\d+)$/, "");
      if (name !== "" && !all.has(name))
        all.set(name, { name, required: !"#;?&".includes(operator) || operator === "" });
    }
  }
  return [...all.values()];
}

/** The URI with these values, or undefined if none can be made of them. */
export function expand(template: string, values: Readonly<Record<string, string>>): string | undefined {
  try {
    return parseTemplate(template).expand(Object.assign(Object.create(null), values));
  } catch {
    return undefined;
  }
}
