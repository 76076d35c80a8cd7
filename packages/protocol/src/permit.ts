/** The `typ` of a permit's header: a JWS (RFC 7515) signed with Ed25519 (`alg: EdDSA`, RFC 8037). */
export const PERMIT_TYPE = "faramesh-permit+jwt";

/** The claims of a permit: this exact canonical action may run once, now. Times are seconds since the epoch. */
export interface PermitClaims {
  iss: string;
  aud: string;
  /** The agent id. */
  sub: string;
  /** Single use: the identifier `POST /v1/permits/consume` burns. */
  jti: string;
  iat: number;
  exp: number;
  act: { id: string; tool: string; operation: string; request_hash: string; params_hash: string };
  policy: { id: string | null; version: number | null; hash: string | null };
}
