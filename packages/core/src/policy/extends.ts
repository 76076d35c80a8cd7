import { nearestName } from "../action/nearest-name.js";
import { POLICY_LIMITS } from "../limits.js";
import { checkContent } from "./checks/check-content.js";
import type { DocumentNode } from "./document.js";
import { parsePolicyDocument } from "./parse-document.js";
import type { PolicyContent } from "./policy-content.js";
import { type OwnContent, readDocument } from "./read-document.js";
import { Report } from "./report.js";
import type { RiskRule } from "./risk-rule.js";
import type { Rule } from "./rule.js";
import { readTexts } from "./scalars.js";
import type { PackOrigin } from "./value-test.js";

type Rules = Pick<PolicyContent, "rules" | "riskRules">;
type Texts = Readonly<Record<string, string>>;

/** What packs bring, in the order in which the document names them. */
interface Brought extends Rules {
  readonly packs: readonly string[];
}

const NOTHING: Brought = { packs: [], rules: [], riskRules: [] };

/**
 * Reads what `extends` names: the rules of each pack stand behind the policy's own, under ids of `pack/id`, so that what the
 * policy says itself comes first and every rule tells where it is from.
 *
 * @param own - The policy's own rules, which what is brought follows.
 * @param texts - The packs there are, by name.
 */
export function readPacks(node: DocumentNode | null, own: Rules, texts: Texts, report: Report): Brought {
  const names = node === null ? null : readTexts(node, "extends", POLICY_LIMITS.nameCharsMax, report);
  if (node === null || names === null || !areFewAndDistinct(names, node, report)) return NOTHING;
  const rules: Rule[] = [];
  const riskRules: RiskRule[] = [];
  names.forEach((name, order) => {
    const spot = (node.kind === "list" ? node.items[order] : node) ?? node;
    const rulesBefore = own.rules.length + rules.length;
    const riskRulesBefore = own.riskRules.length + riskRules.length;
    const content = readPack({ name, spot, rulesBefore, riskRulesBefore }, texts, report);
    rules.push(...(content?.rules ?? []));
    riskRules.push(...(content?.riskRules ?? []));
  });
  if (own.rules.length + rules.length > POLICY_LIMITS.rulesMax) {
    const message = `with its packs the policy has more than ${POLICY_LIMITS.rulesMax} rules`;
    report.error(node, "too_large", message, "extend fewer packs");
  }
  return { packs: names, rules, riskRules };
}

function areFewAndDistinct(names: readonly string[], node: DocumentNode, report: Report): boolean {
  if (names.length > POLICY_LIMITS.packsMax) {
    report.error(node, "too_large", `extends names more than ${POLICY_LIMITS.packsMax} packs`, "extend fewer packs");
    return false;
  }
  const twice = names.find((name, order) => names.indexOf(name) !== order);
  if (twice === undefined) return true;
  report.error(node, "given_twice", `extends names ${JSON.stringify(twice)} twice`, "name each pack once");
  return false;
}

function readPack(pack: PackOrigin, texts: Texts, report: Report): OwnContent | null {
  const text = Object.hasOwn(texts, pack.name) ? texts[pack.name] : undefined;
  if (text === undefined) {
    const names = Object.keys(texts);
    const nearest = nearestName(pack.name, names);
    const known = names.length === 0 ? "no packs are known here" : `packs: ${names.join(", ")}`;
    const cure = nearest === undefined ? known : `did you mean ${JSON.stringify(nearest)}?`;
    report.error(pack.spot, "unknown_pack", `there is no pack ${JSON.stringify(pack.name)}`, cure);
    return null;
  }
  const within = new Report(text);
  const root = parsePolicyDocument(text, within);
  const content = root === null ? null : readDocument(root, within, pack);
  if (content !== null && !within.hasErrors) checkContent(content, [], within);
  const fault = within.firstError() ?? (content === null ? "it cannot be read" : beyondRules(content));
  if (fault === null && !within.hasErrors) return content;
  const message = `the pack ${JSON.stringify(pack.name)} cannot be extended: ${fault}`;
  report.error(pack.spot, "pack_fault", message, "extend another pack, or correct this one");
  return null;
}

/** A pack brings rules and nothing else: who a policy is for, and what its agents have, is the policy's own to say. */
function beyondRules({ appliesTo, profiles, extended }: OwnContent): string | null {
  if (appliesTo.listed.length > 0) return "it has applies_to";
  if (profiles.length > 0) return "it has profiles";
  return extended === null ? null : "it extends packs itself";
}
