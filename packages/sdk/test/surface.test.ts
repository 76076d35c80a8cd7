import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { describe, expect, it } from "vitest";
import * as sdk from "../src/index.js";

const MANIFEST = new URL("../package.json", import.meta.url);
const SOURCES = new URL("../src/", import.meta.url);

describe("the surface", () => {
  it("is exactly this, so that a change to it is a choice", () => {
    expect(Object.keys(sdk).sort()).toEqual([
      "ActionDenied",
      "ActionError",
      "ApprovalExpired",
      "ApprovalRejected",
      "ApprovalRequired",
      "ApprovalTimeout",
      "CompletionTimeout",
      "ConflictError",
      "FarameshConfigError",
      "FarameshConnectionError",
      "FarameshError",
      "ForbiddenError",
      "InvalidActionError",
      "InvalidPermitError",
      "InvalidRequestError",
      "NotFoundError",
      "RateLimitedError",
      "ServerError",
      "UnauthorizedError",
      "approveAction",
      "cancelAction",
      "configure",
      "consumePermit",
      "createClient",
      "denyAction",
      "executeIfAllowed",
      "gateDecide",
      "getAction",
      "govern",
      "listActionEvents",
      "listActions",
      "listActionsPage",
      "rejectAction",
      "reportResult",
      "requestHash",
      "startAction",
      "streamEvents",
      "submitAction",
      "submitActions",
      "verifyPermit",
      "waitForApproval",
      "waitForCompletion",
    ]);
  });

  it("every method of a client is a ready function too", () => {
    const methods = Object.keys(sdk.createClient({ url: "http://127.0.0.1:1" }));
    for (const method of methods) expect(Object.keys(sdk)).toContain(method);
  });

  it("runs wherever there is fetch: nothing of Node is imported, and the environment is read in one file", () => {
    for (const name of sources()) {
      const text = readFileSync(new URL(name, SOURCES), "utf8");
      expect(text, name).not.toMatch(/from "node:|require\(|\bBuffer\b/);
      if (name !== "environment.ts") expect(text, name).not.toMatch(/\bprocess\b\s*[.?[]/);
    }
  });

  it("imports nothing but its own files and the protocol: no framework, whichever adapter is used", () => {
    const others = sources().flatMap((name) => importsOf(name).filter((target) => !target.startsWith(".")));
    expect([...new Set(others)]).toEqual(["@faramesh/protocol"]);
  });

  it("loads none of the adapters by itself; each is there under its own name", async () => {
    const reached = ["index.ts"];
    for (const name of reached) {
      for (const target of importsOf(name)) {
        if (target.startsWith("@")) continue;
        const file = posix.join(posix.dirname(name), target.replace(/\.js$/, ".ts"));
        if (!reached.includes(file)) reached.push(file);
      }
    }
    expect(reached).toContain("guard.ts");
    expect(reached.filter((name) => name.startsWith("adapters/"))).toEqual([]);
    const exported = Object.keys((JSON.parse(readFileSync(MANIFEST, "utf8")) as { exports: object }).exports);
    const adapters = exported.filter((path) => path !== ".");
    expect(adapters.length).toBeGreaterThan(3);
    for (const path of adapters) {
      const adapter = (await import(`@faramesh/sdk${path.slice(1)}`)) as object;
      expect(Object.keys(adapter).some((name) => name.startsWith("govern"))).toBe(true);
    }
  });
});

/** The files of the package, relative to its sources. */
function sources(): string[] {
  return readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
}

function importsOf(name: string): string[] {
  const text = readFileSync(new URL(name, SOURCES), "utf8");
  return [...text.matchAll(/(?:from|import\()\s*"([^"]+)"/g)].map(([, target = ""]) => target);
}
