import { createHash } from "node:crypto";

/** Words that a search may look for, and about how many actions have them. */
export const SOUGHT = {
  /** Four actions of ten. */
  common: "invoice",
  /** Every thousandth action. */
  uncommon: "chargeback",
  /** One action, and with it any other store that is as large or larger. */
  rare: "zanzibar",
  absent: "nowhere",
};

/** The one action that has the rare word. */
const RARE_PLACE = 137;
const UNCOMMON_EVERY = 1_000;
const COMMON_SHARE = 0.4;

export const AGENTS = Array.from({ length: 50 }, (_, place) => `agent-${String(place).padStart(2, "0")}`);

const TOOL_WORDS = ["shell", "stripe", "http", "mail", "files", "crm", "calendar", "database", "queue", "tickets"];
export const TOOLS = ["", "_test", "_legacy"].flatMap((suffix) => TOOL_WORDS.map((word) => `${word}${suffix}`));

/** How many of the first agents and tools count as busy, and how many of the last ones as quiet. */
export const FEW = 5;

/** From here on, each quiet agent fails once with the quiet tool of the same rank, so that any larger store has as many. */
const QUIET_FAILURES_PLACE = 300;

const OPERATIONS = ["read", "write", "send", "delete", "refund", "query"];
const RISK_LEVELS = ["low", "low", "low", "medium", "high", "critical"];
const NOTE_WORDS_MAX = 8;
const VOCABULARY_WORDS = 3_000;
const SYLLABLES = ["ka", "lo", "mi", "ren", "ta", "so", "vel", "pur", "in", "der", "ash", "bo", "qui", "ze", "fro"];

const FAILED = { share: 0.05, decision: "allow", statuses: ["allowed", "executing", "failed"] };

/** A life: how often it is lived, what the policy said of it, and the statuses that it goes through. */
const LIVES = [
  { share: 0.5, decision: "allow", statuses: ["allowed", "executing", "succeeded"] },
  FAILED,
  { share: 0.15, decision: "allow", statuses: ["allowed"] },
  { share: 0.2, decision: "deny", statuses: ["denied"] },
  { share: 0.06, decision: "require_approval", statuses: ["pending_approval", "approved", "executing", "succeeded"] },
  { share: 0.02, decision: "require_approval", statuses: ["pending_approval", "denied"] },
  { share: 0.018, decision: "require_approval", statuses: ["pending_approval", "expired"] },
  { share: 0.0015, decision: "require_approval", statuses: ["pending_approval", "cancelled"] },
  { share: 0.0005, decision: "require_approval", statuses: ["pending_approval"] },
];

const OUTCOMES = { allow: "EXECUTE", deny: "HALT", require_approval: "ABSTAIN" };
const REASON_CODES = { allow: "POLICY_ALLOW", deny: "POLICY_DENY", require_approval: "POLICY_REQUIRE_APPROVAL" };

/**
 * The action in one place of a long row of them, always the same: what an agent proposes, and the statuses that it goes
 * through.
 *
 * @param {number} place - From 0.
 */
export function sampleAction(place) {
  const random = randomFrom(place);
  const share = random();
  const rank = place - QUIET_FAILURES_PLACE;
  const failsQuietly = rank >= 0 && rank < FEW;
  const { decision, statuses } = failsQuietly ? FAILED : lifeAt(share);
  const [agent, tool] = [AGENTS, TOOLS].map((list) => skewed(list, random));
  return {
    agentId: failsQuietly ? AGENTS.at(-1 - rank) : agent,
    tool: failsQuietly ? TOOLS.at(-1 - rank) : tool,
    operation: pick(OPERATIONS, random),
    params: JSON.stringify(paramsOf(place, random)),
    riskLevel: pick(RISK_LEVELS, random),
    decision,
    outcome: OUTCOMES[decision],
    reasonCode: REASON_CODES[decision],
    reason: `rule ${decision}-${Math.floor(random() * 12)} says so`,
    statuses,
  };
}

/** Keys in the order of canonical form. */
function paramsOf(place, random) {
  const order = createHash("sha256").update(String(place)).digest("hex").slice(0, 12);
  return {
    amount: Math.floor(random() * 100_000) / 100,
    customer: `cus_${Math.floor(random() * 20_000)}`,
    note: noteOf(place, random),
    order: `ord_${order}`,
    url: `https://example.com/${skewed(VOCABULARY, random)}/${Math.floor(random() * 1_000)}`,
  };
}

function noteOf(place, random) {
  const words = Array.from({ length: 2 + Math.floor(random() * NOTE_WORDS_MAX) }, () => skewed(VOCABULARY, random));
  if (random() < COMMON_SHARE) words.push(SOUGHT.common);
  if (place % UNCOMMON_EVERY === 1) words.push(SOUGHT.uncommon);
  if (place === RARE_PLACE) words.push(SOUGHT.rare);
  return words.join(" ");
}

const VOCABULARY = Array.from({ length: VOCABULARY_WORDS }, (_, place) => {
  const random = randomFrom(place + 1_000_000_007);
  return Array.from({ length: 2 + (place % 3) }, () => pick(SYLLABLES, random)).join("");
});

function lifeAt(share) {
  let left = share;
  for (const life of LIVES) {
    left -= life.share;
    if (left < 0) return life;
  }
  return LIVES[0];
}

function pick(list, random) {
  return list[Math.floor(random() * list.length)];
}

/** The first ones far more often than the last, as it is with words and agents. */
function skewed(list, random) {
  return list[Math.floor(random() ** 3 * list.length)];
}

/** Mulberry32: a few numbers from a seed, the same everywhere. */
function randomFrom(seed) {
  let state = (seed * 0x9e3779b1) | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
