import type { PolicyContent } from "./policy-content.js";
import type { RiskRule } from "./risk-rule.js";
import type { Rule } from "./rule.js";
import { RuleIndex } from "./rule-index.js";

/** The rules that can answer for one tool and operation, in order. */
export interface Candidates {
  readonly rules: readonly Rule[];
  readonly riskRules: readonly RiskRule[];
}

/** Candidates that are kept, over all pairs of tool and operation. Names come from agents, so there must be a bound. */
const KEPT_MAX = 131_072;
/** What a pair takes up besides its candidates. */
const PAIR_SIZE = 32;

/** A policy's rules, ready to decide: its cost follows the candidates, not the rules. */
export class CompiledPolicy {
  /** Everything the document and its packs say, disabled rules included. */
  readonly content: PolicyContent;
  readonly #rules: RuleIndex<Rule>;
  readonly #riskRules: RuleIndex<RiskRule>;
  #kept = new Map<string, Map<string, Candidates>>();
  #keptSize = 0;

  constructor(content: PolicyContent) {
    this.content = content;
    this.#rules = new RuleIndex(content.rules.filter((rule) => rule.enabled));
    this.#riskRules = new RuleIndex(content.riskRules);
  }

  /** The rules for a tool and an operation. They may still ask for other agents, params or context. */
  candidates(tool: string, operation: string): Candidates {
    return this.#kept.get(tool)?.get(operation) ?? this.#select(tool, operation);
  }

  #select(tool: string, operation: string): Candidates {
    const candidates = {
      rules: this.#rules.select(tool, operation),
      riskRules: this.#riskRules.select(tool, operation),
    };
    const size = PAIR_SIZE + candidates.rules.length + candidates.riskRules.length;
    if (this.#keptSize + size > KEPT_MAX) {
      this.#kept = new Map();
      this.#keptSize = 0;
    }
    const ofTool = this.#kept.get(tool) ?? new Map<string, Candidates>();
    this.#kept.set(tool, ofTool.set(operation, candidates));
    this.#keptSize += size;
    return candidates;
  }
}
