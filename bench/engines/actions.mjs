import { canonicalizeAction } from "../../packages/core/dist/index.js";

/** Tool, operation, params: each rule of the policy answers at least once, and one action is for no rule at all. */
const PROPOSED = [
  ["shell", "exec", { cmd: "ls -la /srv/app", cwd: "/srv" }],
  ["stripe", "refund", { amount: 250, currency: "EUR", charge: "ch_3Nf81" }],
  ["http", "get", { url: "https://example.com/orders/1042" }],
  ["shell", "exec", { cmd: "rm -rf /srv/app/cache", cwd: "/" }],
  ["fs", "read", { path: "/srv/app/config.json" }],
  ["stripe", "refund", { amount: 4800, currency: "USD", charge: "ch_3Nf92" }],
  ["mail", "send", { to: "ops@example.com", subject: "done", body: "The nightly run is over." }],
  ["fs", "write", { path: "/srv/app/config.json", bytes: 2048 }],
  ["db", "query", { sql: "select 1" }],
  ["fs", "delete", { path: "/srv/app/old.log" }],
  ["shell", "exec", { cmd: "git status --short --branch", cwd: "/srv/app" }],
  ["http", "post", { url: "https://example.com/orders", body: "{}" }],
  ["stripe", "refund", { amount: 1000, currency: "EUR", charge: "ch_3Nf93" }],
  ["http", "get", { url: "https://example.com/health" }],
  ["fs", "read", { path: "/srv/app/README.md" }],
  ["shell", "exec", { cmd: "npm run build -- --verbose && npm test", cwd: "/srv/app" }],
];

/** The actions that every engine decides, in their canonical form: sixteen, so that a loop can count with a mask. */
export const ACTIONS = PROPOSED.map(([tool, operation, params]) =>
  canonicalizeAction({ agent_id: "billing-agent", tool, operation, params }),
);

export const ACTIONS_MASK = ACTIONS.length - 1;
