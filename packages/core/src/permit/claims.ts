import { canonicalJson, type JsonObject, type PermitClaims } from "@faramesh/protocol";
import { sha256Hex } from "../sha256.js";

/** The action a permit is for, as recorded. */
export interface PermittedAction {
  id: string;
  agent_id: string;
  tool: string;
  operation: string;
  params: JsonObject;
  request_hash: string;
  policy_id: string | null;
  policy_version: number | null;
  policy_hash: string | null;
}

/** Who issues a permit, to whom, under which identifier and until when. */
export interface PermitIssue {
  issuer: string;
  audience: string;
  /** Single-use identifier, unique for each permit. */
  jti: string;
  /** Milliseconds since the epoch. */
  issuedAtMs: number;
  expiresAtMs: number;
}

/** The claims of a permit for exactly this action. Pure: the time and the identifier are arguments. */
export function permitClaims(action: PermittedAction, issue: PermitIssue): PermitClaims {
  return {
    iss: issue.issuer,
    aud: issue.audience,
    sub: action.agent_id,
    jti: issue.jti,
    iat: Math.floor(issue.issuedAtMs / 1000),
    exp: Math.floor(issue.expiresAtMs / 1000),
    act: {
      id: action.id,
      tool: action.tool,
      operation: action.operation,
      request_hash: action.request_hash,
      params_hash: sha256Hex(canonicalJson(action.params)),
    },
    policy: { id: action.policy_id, version: action.policy_version, hash: action.policy_hash },
  };
}
