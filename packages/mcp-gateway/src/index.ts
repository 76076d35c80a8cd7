export { GATEWAY_LIMITS } from "./limits.js";
export type { ToolDefinition } from "./pins/definition.js";
export { type Pin, PinFileError, type SeenDefinition } from "./pins/pin-document.js";
export { type ChangedTool, PinFile } from "./pins/pin-file.js";
export { ResultFilter } from "./result-filter.js";
export type { GatewaySettings, ToolSchema } from "./settings.js";
export { UpstreamError, type UpstreamSpec } from "./upstream.js";
export { type WrapEnd, type WrapOptions, wrapStdio } from "./wrap.js";
