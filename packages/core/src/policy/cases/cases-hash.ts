import { canonicalJson } from "@faramesh/protocol";
import { sha256Hex } from "../../sha256.js";
import type { PolicyCase } from "./policy-case.js";

/** Lower-case hex SHA-256 over what the cases claim: the same for the same cases in the same order. */
export function casesHash(cases: readonly PolicyCase[]): string {
  const claims = cases.map(({ name, action, expect }) => ({ name, request_hash: action.request_hash, expect }));
  return sha256Hex(canonicalJson(claims));
}
