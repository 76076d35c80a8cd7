export type {
  Action,
  ActionEvent,
  ActionRequest,
  Actor,
  ApprovalState,
  DecideAnswer,
  Decision,
  Effect,
  ErrorCode,
  Fault,
  JsonObject,
  JsonValue,
  Outcome,
  PermitClaims,
  Problem,
  ReasonCode,
  RiskLevel,
  Status,
} from "@faramesh/protocol";
export type {
  ActionPage,
  ApprovalOptions,
  CallOptions,
  ChangeOptions,
  ConsumedPermit,
  GetOptions,
  HoldOptions,
  ListFilters,
  Report,
  StartOptions,
} from "./calls.js";
export { type Client, createClient, type VerifyOptions } from "./client.js";
export {
  ActionDenied,
  ActionError,
  ApprovalExpired,
  ApprovalRejected,
  ApprovalRequired,
  ApprovalTimeout,
  type ClientErrorCode,
  CompletionTimeout,
  ConflictError,
  FarameshConfigError,
  FarameshConnectionError,
  FarameshError,
  type FarameshErrorCode,
  type FarameshErrorDetails,
  ForbiddenError,
  InvalidActionError,
  InvalidPermitError,
  InvalidRequestError,
  NotFoundError,
  RateLimitedError,
  ServerError,
  UnauthorizedError,
} from "./errors.js";
export type { StreamOptions } from "./events.js";
export type { Governed, GovernOptions } from "./govern.js";
export type { Execution, GuardedAction, GuardOptions, Run } from "./guard.js";
export { type ActionInput, requestHash } from "./hash.js";
export type { PermitChecks, PermittedCall } from "./permit.js";
export type { JsonWebKeySet, PublicKey } from "./permit-keys.js";
export type { BatchResult } from "./read-answer.js";
export {
  approveAction,
  cancelAction,
  configure,
  consumePermit,
  denyAction,
  executeIfAllowed,
  gateDecide,
  getAction,
  govern,
  listActionEvents,
  listActions,
  listActionsPage,
  rejectAction,
  reportResult,
  startAction,
  streamEvents,
  submitAction,
  submitActions,
  verifyPermit,
  waitForApproval,
  waitForCompletion,
} from "./ready.js";
export type { ClientOptions, Fetch } from "./settings.js";
export type { WaitOptions } from "./wait.js";
