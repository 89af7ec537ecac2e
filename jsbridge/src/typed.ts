// Typed tools: a client whose callTool knows a server's tools. `remora types`
// writes the interface.

import type { Client } from "./client.js";
import type { RequestOptions } from "./options.js";
import type { CallToolParams, CallToolResult } from "./tools.js";

/** What an interface of tools is like: by name, what each takes and its structured content. */
export type ToolTypes<Tools> = { [Name in keyof Tools]: { input: unknown; output: unknown } };

/** Parameters of tools/call for one of Tools. arguments may be left out where the tool needs none. */
export type TypedParams<Tools extends ToolTypes<Tools>, Name extends keyof Tools> = Omit<
  CallToolParams,
  "name" | "arguments"
> & { name: Name } & (Record<never, never> extends Tools[Name]["input"]
    ? { arguments?: Tools[Name]["input"] | undefined }
    : { arguments: Tools[Name]["input"] });

/** A tool's result with the type of its structured content, which a result with isError may lack. */
export interface TypedResult<Output> extends CallToolResult {
  structuredContent?: Output;
}

/** A client that calls the tools of Tools, and no others; everything else is the client's. */
export type TypedClient<Tools extends ToolTypes<Tools>> = Omit<Client, "callTool" | "callToolRaw"> & {
  /** callTool of the client. */
  callTool<Name extends keyof Tools & string>(
    params: TypedParams<Tools, Name>,
    options?: RequestOptions,
  ): Promise<TypedResult<Tools[Name]["output"]>>;
  /** callToolRaw of the client. */
  callToolRaw<Name extends keyof Tools & string>(
    params: TypedParams<Tools, Name>,
    options?: RequestOptions,
  ): Promise<string>;
};

/**
 * The same client, seen by its tools' types. It does nothing at run time: that
 * the server's tools are still those of Tools, the server checks for arguments,
 * and callTool for results (connect's validateOutput).
 */
export function typed<Tools extends ToolTypes<Tools>>(client: Client): TypedClient<Tools> {
  return client as unknown as TypedClient<Tools>;
}
