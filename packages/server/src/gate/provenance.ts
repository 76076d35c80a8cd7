import { sha256Hex } from "@faramesh/core";

let known = { runtimeVersion: "", policyHash: "" as string | null, id: "" };

/** Names the build and configuration that decided: hex SHA-256 over runtime version and policy hash. */
export function provenanceId(runtimeVersion: string, policyHash: string | null): string {
  if (known.policyHash !== policyHash || known.runtimeVersion !== runtimeVersion) {
    known = { runtimeVersion, policyHash, id: sha256Hex(`${runtimeVersion} ${policyHash ?? "no policy"}`) };
  }
  return known.id;
}
