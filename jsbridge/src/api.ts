// What every entry of the package exports besides connect.

export type { AskContext, Handler, Handlers, Questions, ServerInfo, SessionInfo } from "./asks.js";
export type { AssertSource } from "./auth-asks.js";
export type { AuthOptions, ClientAuthentication, Grant } from "./auth-options.js";
export type {
  Channel,
  MessagePortLike,
  RuntimePortLike,
  Server,
  StdioServer,
  TransportLike,
  WebSocketLike,
} from "./channel.js";
export { Client, type ServerCapabilities } from "./client.js";
export type { CompleteParams, CompleteResult, PromptReference, ResourceTemplateReference } from "./completion.js";
export type { HeaderSource, TokenSource } from "./credentials.js";
export type { ElicitField, ElicitOption, ElicitParams, ElicitResult, ElicitSchema } from "./elicitation.js";
export { RemoraError, type RemoraErrorInit } from "./errors.js";
export type { EventListeners, EventName, Events } from "./events.js";
export type {
  Asks,
  Assert,
  Asserted,
  Authorize,
  Authorized,
  Challenge,
  ClientCapabilities,
  ClientInfo,
  Code,
  Elicit,
  ElicitationCapability,
  ElicitationComplete,
  Elicited,
  IdentityProvider,
  InvalidResult,
  Limits,
  Log,
  LoginStatus,
  Progress,
  PromptsChanged,
  ResourcesChanged,
  ResourceUpdated,
  Root,
  Sample,
  Sampled,
  SamplingCapability,
  Sent,
  Sign,
  Signed,
  SnapshotAnswer,
  SnapshotResult as Snapshot,
  SnapshotSecret,
  SnapshotTool,
  State,
  StatsResult,
  Store,
  Stored,
  Tells,
  ToolsChanged,
  Trace,
  TraceType,
} from "./generated/wire.js";
export { Group } from "./group.js";
export type { GroupClient, GroupCollision } from "./group-lists.js";
export { type NamingRule, prefixedName } from "./group-names.js";
export type {
  AddOptions,
  GroupAskContext,
  GroupEventName,
  GroupEvents,
  GroupHandlers,
  GroupOptions,
  GroupPrompt,
  GroupReadOptions,
  GroupResource,
  GroupResourceTemplate,
  GroupServer,
  GroupTool,
} from "./group-types.js";
export type { FetchLike } from "./http.js";
export type { CacheableRequestOptions, CacheMode, ListParams, ListResult } from "./lists.js";
export type { LoggingLevel } from "./logging.js";
export type { LoginOptions, LoginStatusOptions } from "./login.js";
export type { DiscoverOptions, DiscoverResult, RunInputRequired, RunOptions, RunResult } from "./once.js";
export type { ConnectOptions, RequestOptions } from "./options.js";
export type { Policy } from "./policy.js";
export type {
  GetPromptParams,
  GetPromptResult,
  ListPromptsParams,
  ListPromptsResult,
  Prompt,
  PromptArgument,
  PromptMessage,
} from "./prompts.js";
export type { ReconnectOptions } from "./reconnect.js";
export type {
  Annotations,
  ListResourcesParams,
  ListResourcesResult,
  ListResourceTemplatesParams,
  ListResourceTemplatesResult,
  ReadResourceParams,
  ReadResourceResult,
  Resource,
  ResourceTemplate,
  SubscribeResourceParams,
  UnsubscribeResourceParams,
} from "./resources.js";
export { type BinaryContent, blob, dataURL, structured, text } from "./results.js";
export type {
  ModelPreferences,
  SampleParams,
  SampleResult,
  SamplingContent,
  SamplingMessage,
  ToolChoice,
  ToolResultContent,
  ToolUseContent,
} from "./sampling.js";
export type {
  CryptoKeyLike,
  CryptoKeyPairLike,
  DPoPKey,
  Signer,
  SigningAlgorithm,
  SigningKey,
  SigningKeyOptions,
} from "./sign.js";
export type { CloseOptions, RestoreOptions, SnapshotOptions } from "./snapshot.js";
export { memoryStore, type TokenStore } from "./store.js";
export type {
  AudioContent,
  CallToolParams,
  CallToolResult,
  Content,
  ContentBlock,
  EmbeddedResource,
  Icon,
  ImageContent,
  JsonSchema,
  ListToolsParams,
  ListToolsResult,
  ResourceContents,
  ResourceLink,
  TextContent,
  Tool,
  ToolAnnotations,
  UnknownContent,
} from "./tools.js";
export { type ToolTypes, type TypedClient, type TypedParams, type TypedResult, typed } from "./typed.js";
export type { WasmModule, WasmSource } from "./wasm.js";
