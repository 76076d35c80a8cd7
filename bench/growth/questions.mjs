import { AGENTS, FEW, SOUGHT, TOOLS } from "./sample-actions.mjs";

/**
 * What is to be known of a store to ask about it.
 *
 * @typedef {object} Landmarks
 * @property {number} middleMs - The time at which half of its actions had come in.
 * @property {string[]} middleIds - Of actions from then, the newest first.
 * @property {number} newestIndex - Of the ledger.
 */

/**
 * A question that somebody asks a gate, in ever new words.
 *
 * @typedef {object} Question
 * @property {string} name
 * @property {string} asks
 * @property {"quiet" | "new"} [as] - Asked with the key of an agent that few or no actions are of; without it, as an admin.
 * @property {number} [events] - It is answered by a stream, until so many events have come.
 * @property {(turn: number, landmarks: Landmarks) => string} path
 */

/** Agents and tools that many actions are of, and that few are. */
const usual = (list, turn) => list[turn % FEW];
const seldom = (list, turn) => list[list.length - 1 - (turn % FEW)];

/** An agent that few actions are of, and one without any. */
export const QUIET_AGENT = seldom(AGENTS, 0);
export const NEW_AGENT = "agent-new";

const WEEK_MS = 7 * 86_400_000;

/** Events behind the place where a reader resumes, and those of them that are about actions at the least. */
const RESUMED_ENTRIES = 50;
const RESUMED_EVENTS = 40;

const list = (query) => `/v1/actions?${new URLSearchParams(query)}`;
const inTheMiddle = ({ middleIds }, turn) => middleIds[turn % middleIds.length];

/** @type {Question[]} */
export const QUESTIONS = [
  { name: "list", asks: "the newest actions", path: () => "/v1/actions" },
  { name: "status", asks: "the newest that were denied", path: () => list({ status: "denied" }) },
  { name: "status-seldom", asks: "the newest that were cancelled", path: () => list({ status: "cancelled" }) },
  { name: "awaiting", asks: "those that wait for a person", path: () => list({ status: "pending_approval" }) },
  { name: "agent", asks: "the newest of a busy agent", path: (turn) => list({ agent_id: usual(AGENTS, turn) }) },
  { name: "agent-seldom", asks: "of a quiet agent", path: (turn) => list({ agent_id: seldom(AGENTS, turn) }) },
  { name: "tool", asks: "the newest for a busy tool", path: (turn) => list({ tool: usual(TOOLS, turn) }) },
  { name: "tool-seldom", asks: "for a quiet tool", path: (turn) => list({ tool: seldom(TOOLS, turn) }) },
  { name: "tool-absent", asks: "for a tool without any", path: () => list({ tool: "no_such_tool" }) },
  {
    name: "combined",
    asks: "a busy agent's that succeeded with a busy tool",
    path: (turn) => list({ status: "succeeded", agent_id: usual(AGENTS, turn), tool: usual(TOOLS, turn) }),
  },
  {
    name: "combined-seldom",
    asks: "a quiet agent's that failed with a quiet tool",
    path: (turn) => list({ status: "failed", agent_id: seldom(AGENTS, turn), tool: seldom(TOOLS, turn) }),
  },
  {
    name: "week",
    asks: "a week in the middle",
    path: (_turn, { middleMs }) =>
      list({ since: new Date(middleMs - WEEK_MS).toISOString(), until: new Date(middleMs).toISOString() }),
  },
  { name: "own", asks: "with the key of a quiet agent", as: "quiet", path: () => "/v1/actions" },
  { name: "own-none", asks: "with the key of a new agent", as: "new", path: () => "/v1/actions" },
  { name: "search-common", asks: "a word that many have", path: () => list({ q: SOUGHT.common }) },
  { name: "search-uncommon", asks: "a word of every thousandth", path: () => list({ q: SOUGHT.uncommon }) },
  { name: "search-rare", asks: "a word that one has", path: () => list({ q: SOUGHT.rare }) },
  { name: "search-absent", asks: "a word that none has", path: () => list({ q: SOUGHT.absent }) },
  {
    name: "page",
    asks: "a page by its cursor, in the middle",
    path: (turn, landmarks) => list({ cursor: inTheMiddle(landmarks, turn) }),
  },
  { name: "get", asks: "one action", path: (turn, landmarks) => `/v1/actions/${inTheMiddle(landmarks, turn)}` },
  {
    name: "timeline",
    asks: "one action's events",
    path: (turn, landmarks) => `/v1/actions/${inTheMiddle(landmarks, turn)}/events`,
  },
  {
    name: "resume",
    asks: `a stream resumed ${RESUMED_ENTRIES} entries before the end, to its event ${RESUMED_EVENTS}`,
    events: RESUMED_EVENTS,
    path: (_turn, { newestIndex }) => `/v1/events?after=${newestIndex - RESUMED_ENTRIES}`,
  },
];
