/** Every code that a finding may have, and what it is about. Programs match on codes, so none is ever renamed. */
export const FINDING_CODES = {
  // The text itself.
  invalid_yaml: {
    severity: "error",
    about: "the text is not YAML 1.2, or uses what a policy does without: tags, directives, several documents",
  },
  duplicate_key: { severity: "error", about: "a key is given twice" },
  invalid_key: { severity: "error", about: "a key is not text, or not one that can be used" },
  invalid_text: { severity: "error", about: "a text is not Unicode" },
  invalid_number: { severity: "error", about: "a number that a double does not carry as it is written" },
  too_large: { severity: "error", about: "more than a policy may hold" },
  // Keys and values.
  unknown_key: { severity: "error", about: "a key that means nothing where it stands" },
  unknown_operator: { severity: "error", about: "an operator that there is not" },
  missing_key: { severity: "error", about: "a key that must be there is not" },
  given_twice: { severity: "error", about: "two keys or names that stand for the same" },
  wrong_type: { severity: "error", about: "a value of another kind than is needed" },
  wrong_value: { severity: "error", about: "a value that cannot stand there" },
  too_long: { severity: "error", about: "a text of too many characters" },
  control_character: { severity: "error", about: "a name holds a control character" },
  empty: { severity: "error", about: "an empty list, map or text where something is needed" },
  not_yet: { severity: "error", about: "a word that is kept for a later release" },
  // What a rule is for, and what it does.
  no_effect: { severity: "error", about: "a rule that neither allows, denies nor asks for approval" },
  several_effects: { severity: "error", about: "a rule with more than one effect" },
  no_match: { severity: "error", about: "a rule that does not say what it is for" },
  empty_match: { severity: "error", about: "a match without a condition" },
  contradiction: { severity: "error", about: "any: true beside other conditions" },
  incomplete_condition: { severity: "error", about: "half a condition" },
  invalid_path: { severity: "error", about: "a path that is none" },
  invalid_pattern: {
    severity: "error",
    about: "a pattern that is not RE2, or too large to be searched for in linear time",
  },
  invalid_expression: { severity: "error", about: "an expression that is not CEL" },
  unknown_variable: { severity: "error", about: "an expression names a variable that there is not" },
  unsupported_expression: { severity: "error", about: "an expression uses what conditions do not support" },
  unsafe_allow: { severity: "error", about: "a search over all params in what allows" },
  // Packs and tests.
  unknown_pack: { severity: "error", about: "extends names a pack that there is not" },
  pack_fault: { severity: "error", about: "extends names a pack that cannot be used" },
  invalid_test_action: { severity: "error", about: "the action of a test could not be submitted" },
  failing_test: { severity: "error", about: "a test comes out otherwise than it says" },
  // What rules come to for tools whose schemas are known.
  unknown_param: { severity: "error", about: "a rule is about a param that its tools do not have" },
  undeclared_param: {
    severity: "warning",
    about: "a rule is about a param that the schemas of its tools do not describe",
  },
  mistyped_param: { severity: "warning", about: "an operator that cannot judge a param of this type" },
  omittable_param: {
    severity: "error",
    about: "a rule protects by a param that its tool does not ask for, and a later one allows without it",
  },
  // What rules come to together.
  duplicate_id: { severity: "error", about: "two rules of one id" },
  never_true: { severity: "error", about: "conditions on one field that contradict each other" },
  shadowed: { severity: "warning", about: "a rule that an earlier one keeps from ever being reached" },
  unnarrowed_allow: { severity: "warning", about: "a rule that allows everything" },
  some_item_allows: {
    severity: "warning",
    about: "a path with [*] in what allows: one item that meets it is enough",
  },
  bypass_by_omission: { severity: "warning", about: "a rule protects by a param, and a later one allows without it" },
  literal_wildcard: { severity: "warning", about: "a * that stands for itself" },
} as const;

export type FindingCode = keyof typeof FINDING_CODES;

type CodeOf<Severity extends "error" | "warning"> = {
  [Code in FindingCode]: (typeof FINDING_CODES)[Code]["severity"] extends Severity ? Code : never;
}[FindingCode];

export type ErrorCode = CodeOf<"error">;
export type WarningCode = CodeOf<"warning">;
