import { sha256Hex } from "@faramesh/core";

let known: { of: string; id: string } | null = null;

/** Names the build and configuration that decided: hex SHA-256 over runtime version and policy hash. */
export function provenanceId(runtimeVersion: string, policyHash: string | null): string {
  const of = `${runtimeVersion} ${policyHash ?? "no policy"}`;
  if (known?.of !== of) known = { of, id: sha256Hex(of) };
  return known.id;
}
