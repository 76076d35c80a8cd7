/** A small policy for the tests of the command. */
export const POLICY = `version: 1
name: cli-tests
rules:
  - id: read
    match: { tool: shell, operation: exec, params: { cmd: { pattern: '^ls( -[a-z]+)*$' } } }
    allow: true
  - id: refund
    match: { tool: payments, operation: refund }
    require_approval: true
    reason: Refunds need a person
  - id: finance-only
    match: { tool: payments, operation: payout }
    require_approval: { approvers: [finance] }
  - id: never
    match: { tool: shell, params: { cmd: { contains: "rm -rf" } } }
    deny: true
    reason: Not here
`;

/** What {@link POLICY} allows, denies and holds. */
export const ALLOWED = { agent_id: "tester", tool: "shell", operation: "exec", params: { cmd: "ls -la" } };
export const DENIED = { ...ALLOWED, params: { cmd: "rm -rf /" } };
export const HELD = { agent_id: "tester", tool: "payments", operation: "refund", params: { amount: 250 } };
