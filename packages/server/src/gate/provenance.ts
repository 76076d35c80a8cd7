import { sha256Hex } from "@faramesh/core";

/** By runtime version and policy hash; each policy version adds one, so it is forgotten now and then. */
const known = new Map<string, string>();
const KNOWN_MAX = 1_000;

/** Names the build and configuration that decided: hex SHA-256 over runtime version and policy hash. */
export function provenanceId(runtimeVersion: string, policyHash: string | null): string {
  const named = `${runtimeVersion} ${policyHash ?? "no policy"}`;
  const cached = known.get(named);
  if (cached !== undefined) return cached;
  if (known.size >= KNOWN_MAX) known.clear();
  const id = sha256Hex(named);
  known.set(named, id);
  return id;
}
