import { type CedarPolicy, type Imported, importCedar } from "@faramesh/core";
import type { JsonObject } from "@faramesh/protocol";
import { CliError } from "./errors.js";

type Cedar = typeof import("@cedar-policy/cedar-wasm/nodejs");

/**
 * Reads policies of Cedar with its own parser, and translates them.
 *
 * @throws {@link CliError} `missing_package` where the parser is not installed.
 */
export async function importCedarText(text: string): Promise<Imported> {
  const cedar = await loadCedar();
  const parts = cedar.policySetTextToParts(text);
  if (parts.type === "failure") return refused(parts.errors);
  if (parts.policy_templates.length > 0) return refused([{ message: "templates are not known here" }]);
  const policies: CedarPolicy[] = [];
  for (const [place, policy] of parts.policies.entries()) {
    const read = cedar.policyToJson(policy);
    if (read.type === "failure") return refused(read.errors);
    const named = read.json.annotations?.["id"];
    policies.push({ id: named ?? `policy-${place + 1}`, json: read.json as unknown as JsonObject });
  }
  return importCedar(policies);
}

async function loadCedar(): Promise<Cedar> {
  try {
    return await import("@cedar-policy/cedar-wasm/nodejs");
  } catch {
    const hint = "npm install @cedar-policy/cedar-wasm";
    throw new CliError("missing_package", "Cedar's own parser is not installed", { hint });
  }
}

function refused(errors: readonly { readonly message: string }[]): Imported {
  return { policy: null, notes: [], faults: errors.map(({ message }) => message) };
}
