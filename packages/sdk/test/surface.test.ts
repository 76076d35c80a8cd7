import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as sdk from "../src/index.js";

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
    for (const name of readdirSync(SOURCES)) {
      const text = readFileSync(new URL(name, SOURCES), "utf8");
      expect(text, name).not.toMatch(/from "node:|require\(|\bBuffer\b/);
      if (name !== "environment.ts") expect(text, name).not.toMatch(/\bprocess\b\s*[.?[]/);
    }
  });
});
