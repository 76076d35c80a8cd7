export {
  type Action,
  type ActionRequest,
  type Actor,
  type ApprovalAnswer,
  type ApprovalRequirement,
  type ApprovalState,
  canonicalRequest,
  type DecideAnswer,
  type Decision,
  type ResultReport,
  type TraceCondition,
  type TraceStep,
  type UnknownCondition,
} from "./action.js";
export { ERROR_CODES, type ErrorCode, type Fault, type Problem } from "./errors.js";
export type { ActionEvent } from "./event.js";
export {
  CanonicalJsonError,
  canonicalJson,
  isForbiddenKey,
  type JsonObject,
  type JsonValue,
  memberPath,
} from "./json.js";
export { LIMITS } from "./limits.js";
export { PERMIT_TYPE, type PermitClaims } from "./permit.js";
export type { Agent, ApiKey, CreatedApiKey } from "./principal.js";
export { timeText } from "./time-text.js";
export {
  EFFECTS,
  type Effect,
  FINAL_STATUSES,
  OUTCOMES,
  type Outcome,
  REASON_CODES,
  type ReasonCode,
  RISK_LEVELS,
  type RiskLevel,
  ROLES,
  type Role,
  STATUSES,
  type Status,
} from "./words.js";
