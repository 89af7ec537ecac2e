// Completion: parameters and results, as far as the specification fixes them
// (2025-11-25 and 2026-07-28, server/utilities/completion).

/** Parameters of completion/complete. */
export interface CompleteParams {
  /** Whose argument it is: a prompt's, or a variable of a resource template. */
  ref: PromptReference | ResourceTemplateReference;
  /** The argument, and what has been written of it so far. */
  argument: { name: string; value: string };
  /** The arguments that have their value. */
  context?: { arguments?: Readonly<Record<string, string>> | undefined } | undefined;
  _meta?: Readonly<Record<string, unknown>> | undefined;
}

/** Names a prompt. */
export interface PromptReference {
  type: "ref/prompt";
  name: string;
}

/** Names a resource template. */
export interface ResourceTemplateReference {
  type: "ref/resource";
  /** The template's URI, with its variables. */
  uri: string;
}

/** What the argument may be. */
export interface CompleteResult {
  completion: {
    values: string[];
    /** How many there are, which may be more than came. */
    total?: number;
    hasMore?: boolean;
    [key: string]: unknown;
  };
  _meta?: Record<string, unknown>;
  [key: string]: unknown;
}
