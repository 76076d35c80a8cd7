import type { DocumentNode } from "./document.js";
import { readPacks } from "./extends.js";
import type { PolicyContent } from "./policy-content.js";
import { readDocument } from "./read-document.js";
import type { Report } from "./report.js";

/**
 * Reads a policy, what it extends included. Null after reporting.
 *
 * @param packs - The texts of the packs that `extends` may name.
 */
export function readPolicy(
  root: DocumentNode,
  report: Report,
  packs: Readonly<Record<string, string>>,
): PolicyContent | null {
  const own = readDocument(root, report, null);
  if (own === null) return null;
  const { extended, ...content } = own;
  const brought = readPacks(extended, own, packs, report);
  if (report.hasErrors) return null;
  return {
    ...content,
    rules: [...own.rules, ...brought.rules],
    riskRules: [...own.riskRules, ...brought.riskRules],
    packs: brought.packs,
  };
}
