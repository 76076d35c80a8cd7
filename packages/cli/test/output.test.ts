import { describe, expect, it } from "vitest";
import { printable } from "../src/output.js";
import { eventLine } from "../src/render/event.js";

describe("what agents wrote, on an approver's terminal", () => {
  it("cannot move the cursor, hide text or turn its direction", () => {
    expect(printable("rm -rf /\r\u001b[2Kls")).toBe("rm -rf /\\u000d\\u001b[2Kls");
    expect(printable("a\u009b1mb\u202ec\u200bd\u2028e")).toBe("a\\u009b1mb\\u202ec\\u200bd\\u2028e");
    expect(printable("\u{e0041}")).toBe("\\u{e0041}");
  });

  it("is otherwise shown as it is", () => {
    expect(printable("Überweisung 42 € 💶 送金")).toBe("Überweisung 42 € 💶 送金");
  });

  it("stays one line in a tail", () => {
    const line = eventLine({
      ledger_index: 1,
      type: "action.denied",
      at: "2026-01-01T00:00:00.000Z",
      action_id: "id",
      agent_id: "a\nb",
      tool: "t",
      operation: "o",
      status: "denied",
      outcome: "HALT",
      reason_code: "POLICY_DENY",
      reason: "no\u001b[31m",
      rule_id: null,
      risk_level: "low",
      actor: { id: "x", name: "x", via: "key" },
      leaf_hash: "",
    });
    expect(line).not.toMatch(/\p{Cc}/u);
    expect(line).toContain("a\\u000ab");
  });
});
