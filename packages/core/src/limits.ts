/** Bounds on what a policy may hold. Those on what crosses the wire are `LIMITS` of the protocol. */
export const POLICY_LIMITS = {
  /** Bytes of a policy document. */
  sourceBytesMax: 1_048_576,
  rulesMax: 10_000,
  riskRulesMax: 1_000,
  profilesMax: 1_000,
  /** Entries in one profile's list. */
  profileToolsMax: 1_000,
  /** Tests in one list. */
  casesMax: 10_000,
  /** Packs that one policy is built on. */
  packsMax: 20,
  /** Values in a document once its aliases are expanded. */
  nodesMax: 500_000,
  /** Nesting of lists and maps in a document. */
  nestingMax: 40,
  /** Nesting of its normal form, which adds levels of its own. */
  contentNestingMax: 100,
  /** Characters of one pattern. */
  patternCharsMax: 500,
  /** Transitions of all the automata that a document's patterns are compiled to, at 4 bytes each. */
  transitionsMax: 1_000_000,
  /** Characters of a policy's name and of a rule's id. */
  nameCharsMax: 200,
  /** Tools, operations or agents in one list. */
  namesMax: 1_000,
  /** Globs among them. */
  globsMax: 100,
  reasonCharsMax: 1_000,
  /** Characters of one operand that is text. */
  operandCharsMax: 4_000,
  /** Characters of a path into params or context. */
  pathCharsMax: 500,
  /** Characters of an expression in CEL. */
  expressionCharsMax: 2_000,
  /** Findings reported of one document; the rest would not be read. */
  findingsMax: 200,
} as const;
