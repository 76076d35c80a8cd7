/**
 * One rule, in words that every engine's language can say.
 *
 * @typedef {object} Rule
 * @property {string} id
 * @property {string} [tool]
 * @property {string} [toolGlob] - In place of `tool`: `*` stands for any characters.
 * @property {string} operation
 * @property {number} [amountAbove] - `params.amount` is more than this.
 * @property {string} [cmdPattern] - A regular expression found in `params.cmd`.
 * @property {{ amountAbove: number, currency: string }} [when] - Two params, in one expression where a language has them.
 * @property {string[]} [cmdLike] - The same as wildcards, for a language without regular expressions.
 * @property {"allow" | "deny" | "require_approval"} effect
 */

/** @type {Rule[]} */
const TEN_RULES = [
  {
    id: "destructive-shell",
    tool: "shell",
    operation: "exec",
    cmdPattern: String.raw`\brm\s+-[a-z]*[rf]`,
    cmdLike: ["*rm -r*", "*rm -f*"],
    effect: "deny",
  },
  { id: "shell", tool: "shell", operation: "exec", effect: "allow" },
  { id: "large-refund", tool: "stripe", operation: "refund", amountAbove: 1000, effect: "require_approval" },
  { id: "refund", tool: "stripe", operation: "refund", effect: "allow" },
  { id: "read-file", tool: "fs", operation: "read", effect: "allow" },
  { id: "write-file", tool: "fs", operation: "write", effect: "require_approval" },
  { id: "delete-file", tool: "fs", operation: "delete", effect: "deny" },
  { id: "http-get", tool: "http", operation: "get", effect: "allow" },
  { id: "http-post", tool: "http", operation: "post", effect: "require_approval" },
  { id: "send-mail", tool: "mail", operation: "send", effect: "allow" },
];

/** The same, with globs and an expression in the place of some names and bounds. @type {Rule[]} */
const TEN_MIXED_RULES = TEN_RULES.map((rule) => {
  const { tool, amountAbove, ...rest } = rule;
  if (rule.id === "large-refund") return { ...rest, tool, when: { amountAbove: amountAbove ?? 0, currency: "USD" } };
  return ["read-file", "send-mail"].includes(rule.id) ? { ...rest, toolGlob: `${tool?.slice(0, -1)}*` } : rule;
});

/** @typedef {"plain" | "mixed"} Kind - `mixed` has globs, patterns and expressions beside names and bounds. */

/**
 * A policy of `count` rules, a multiple of ten: the same ten spread evenly among rules for other tools, which are in
 * turn like the ten: tool and operation always, sometimes a number, sometimes a pattern.
 *
 * @param {number} count
 * @param {Kind} [kind]
 * @returns {Rule[]}
 */
export function rulesOf(count, kind = "plain") {
  const ten = kind === "mixed" ? TEN_MIXED_RULES : TEN_RULES;
  const every = count / ten.length;
  return ten.flatMap((rule, place) => [
    rule,
    ...Array.from({ length: every - 1 }, (_, offset) => otherRule(place * every + offset, kind)),
  ]);
}

/**
 * @param {number} number
 * @param {Kind} [kind]
 * @returns {Rule}
 */
function otherRule(number, kind) {
  const rule = { id: `o${number}`, tool: `tool${number % 500}`, operation: `op${Math.floor(number / 500)}` };
  if (kind === "mixed" && number % 10 === 1) {
    const { tool, ...rest } = rule;
    return { ...rest, toolGlob: `${tool}-*-${number}`, effect: /** @type {const} */ ("allow") };
  }
  if (kind === "mixed" && number % 10 === 5) {
    return { ...rule, when: { amountAbove: number, currency: "EUR" }, effect: /** @type {const} */ ("deny") };
  }
  if (number % 10 === 3) return { ...rule, amountAbove: number, effect: /** @type {const} */ ("deny") };
  if (number % 10 === 7) {
    return { ...rule, cmdPattern: `rm -[rf]${number}`, cmdLike: [`*rm -r${number}*`], effect: "deny" };
  }
  return { ...rule, effect: "allow" };
}
