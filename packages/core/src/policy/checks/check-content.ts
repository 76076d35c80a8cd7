import type { ToolSchema } from "../../tool-schema/tool-schema.js";
import type { PolicyContent } from "../policy-content.js";
import type { Report } from "../report.js";
import { checkAgainstTools } from "./against-tools.js";
import { checkBypassByOmission } from "./bypass-by-omission.js";
import { checkDuplicateIds } from "./duplicate-ids.js";
import { checkNeverTrue } from "./never-true.js";
import { checkShadowed } from "./shadowed.js";
import { checkSomeItemAllows } from "./some-item-allows.js";
import { checkUnnarrowedAllow } from "./unnarrowed-allow.js";

/** Reports what is wrong with rules that could each be read. */
export function checkContent(
  { rules, riskRules }: Pick<PolicyContent, "rules" | "riskRules">,
  tools: readonly ToolSchema[],
  report: Report,
): void {
  checkDuplicateIds(rules, report);
  checkNeverTrue([...rules, ...riskRules], report);
  checkShadowed(rules, report);
  checkUnnarrowedAllow(rules, report);
  checkSomeItemAllows(rules, report);
  checkBypassByOmission(rules, tools, report);
  checkAgainstTools(rules, tools, report);
}
