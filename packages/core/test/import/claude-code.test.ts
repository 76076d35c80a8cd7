import type { JsonObject } from "@faramesh/protocol";
import { describe, expect, it } from "vitest";
import { canonicalizeAction, decide, importClaudeCode, importedText, loadPolicy } from "../../src/index.js";

const PLACES = { root: "/work/app", home: "/home/me" };

/** What settings answer for a call of a tool. */
function answers(permissions: JsonObject, places = PLACES): (tool: string, params: JsonObject) => string {
  const imported = importClaudeCode(JSON.stringify({ permissions }), places);
  const { policy, findings } = loadPolicy(importedText(imported, "a test"));
  expect(findings.filter(({ severity }) => severity === "error")).toEqual([]);
  return (tool, params) =>
    decide(policy, canonicalizeAction({ agent_id: "a", tool, operation: "call", params })).outcome;
}

const bash = (...allow: string[]) => {
  const answer = answers({ allow: allow.map((rule) => `Bash(${rule})`) });
  return (command: string) => answer("Bash", { command });
};

describe("permissions of Claude Code, imported,", () => {
  it("look at deny first, then at ask, then at allow, and hold what no rule names", () => {
    const answer = answers({
      allow: ["Bash(git *)", "Read(//srv/**)"],
      ask: ["Bash(git push *)"],
      deny: ["Bash(git push --force *)", "WebFetch"],
    });
    expect(answer("Bash", { command: "git status" })).toBe("EXECUTE");
    expect(answer("Bash", { command: "git push origin main" })).toBe("ABSTAIN");
    expect(answer("Bash", { command: "git push --force origin" })).toBe("HALT");
    expect(answer("WebFetch", { url: "https://example.com" })).toBe("HALT");
    expect(answer("Bash", { command: "make" })).toBe("ABSTAIN");
    expect(answer("Task", { prompt: "x" })).toBe("ABSTAIN");
  });

  it("take a whole command, or a beginning with any arguments", () => {
    const exact = bash("npm run build");
    expect([exact("npm run build"), exact("npm run build x"), exact("npm run builder")]).toEqual([
      "EXECUTE",
      "ABSTAIN",
      "ABSTAIN",
    ]);
    for (const rule of ["npm run test:*", "npm run test *"]) {
      const prefix = bash(rule);
      expect([prefix("npm run test"), prefix("npm run test unit"), prefix("npm run tests")]).toEqual([
        "EXECUTE",
        "EXECUTE",
        "ABSTAIN",
      ]);
    }
    expect(bash("git * main")("git checkout main")).toBe("EXECUTE");
  });

  it.each([";", "&&", "||", "|", "&", "\n", "$(id)", "`id`", ">", "<(id)", "'", '"', "\\", "{a,b}", "\u00a0", "!"])(
    "allow nothing that is chained on: %j",
    (sign) => {
      const answer = bash("git log:*", "echo *");
      for (const command of [`git log ${sign} rm -rf /`, `echo a${sign}b`, `git log${sign}`]) {
        expect(answer(command)).toBe("ABSTAIN");
      }
    },
  );

  it("find what is denied behind other commands, too", () => {
    const answer = answers({ allow: ["Bash(echo *)"], deny: ["Bash(rm *)"] });
    for (const command of ["rm -rf /", "ls; rm x", "ls && rm x", "(rm x)", "$(rm x)", "/bin/rm x", "sudo rm x"]) {
      expect(answer("Bash", { command })).toBe("HALT");
    }
  });

  it("know where files lie, and allow no way out", () => {
    const answer = answers({ allow: ["Edit(/src/**)", "Read(~/notes/*.md)", "Read(docs/**)"] });
    expect(answer("Edit", { file_path: "/work/app/src/a/b.ts" })).toBe("EXECUTE");
    expect(answer("Write", { file_path: "/work/app/src/b.ts" })).toBe("EXECUTE");
    expect(answer("Read", { file_path: "/home/me/notes/a.md" })).toBe("EXECUTE");
    expect(answer("Read", { file_path: "/work/app/docs/a.md" })).toBe("EXECUTE");
    const paths = [
      "/work/app/src/../../etc/passwd",
      "/work/app/srcs/a",
      "/work/app/other",
      "src/a",
      "/work/app/src/%2e%2e/x",
    ];
    for (const file_path of paths) expect(answer("Edit", { file_path }), file_path).toBe("ABSTAIN");
    expect(answer("Read", { file_path: "/home/me/notes/deep/a.md" })).toBe("ABSTAIN");
  });

  it("deny a file wherever it lies, where the settings do not say where", () => {
    const answer = answers({ deny: ["Read(.env)", "Edit(//etc/**)"] }, { root: null as never, home: null as never });
    expect(answer("Read", { file_path: "/anywhere/.env" })).toBe("HALT");
    expect(answer("Grep", { path: "/anywhere/.env" })).toBe("HALT");
    expect(answer("Read", { file_path: "/anywhere/a.env" })).toBe("ABSTAIN");
    expect(answer("Write", { file_path: "/etc/cron.d/x" })).toBe("HALT");
  });

  it("leave out what allows files that lie nobody knows where, and what allows everything", () => {
    const places = { root: null, home: null };
    const { policy, notes } = importClaudeCode('{"permissions":{"allow":["Edit(/src/**)","Bash","Foo(x)"]}}', places);
    expect(policy?.["rules"]).toMatchObject([{ match: { any: true }, require_approval: true }]);
    expect(notes.filter(({ kind }) => kind === "stricter").map(({ at }) => at)).toEqual([
      "permissions.allow[0]",
      "permissions.allow[1]",
      "permissions.allow[2]",
      "permissions.defaultMode",
    ]);
  });

  it("know domains and servers", () => {
    const answer = answers({
      allow: ["WebFetch(domain:docs.example.com)", "mcp__github__get_issue"],
      deny: ["mcp__mail"],
    });
    expect(answer("WebFetch", { url: "https://docs.example.com/a" })).toBe("EXECUTE");
    expect(answer("WebFetch", { url: "https://docs.example.com.evil.net/" })).toBe("ABSTAIN");
    expect(answer("mcp__github__get_issue", {})).toBe("EXECUTE");
    expect(answer("mcp__github__delete", {})).toBe("ABSTAIN");
    expect(answer("mcp__mail__send", {})).toBe("HALT");
  });

  it("never allow more by a mode", () => {
    expect(answers({ defaultMode: "bypassPermissions" })("Bash", { command: "ls" })).toBe("ABSTAIN");
    expect(answers({ defaultMode: "dontAsk" })("Bash", { command: "ls" })).toBe("HALT");
  });

  it("are refused where they are none", () => {
    expect(importClaudeCode("{", PLACES).faults[0]).toMatch(/are not JSON/);
    expect(importClaudeCode("{}", PLACES).faults).toEqual(["the settings have no permissions"]);
  });
});
