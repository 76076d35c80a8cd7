import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";
import { commandName } from "../src/command-name.js";
import { scratch } from "./running.js";

const CLONE = fileURLToPath(new URL("../../../", import.meta.url));

afterEach(() => vi.restoreAllMocks());

function nameIn(folder: string): string {
  vi.spyOn(process, "cwd").mockReturnValue(folder);
  return commandName();
}

describe("the command, as steps and hints write it,", () => {
  it("is found by npx anywhere in a clone", () => {
    expect(nameIn(CLONE.replace(/\/$/, ""))).toBe("npx faramesh");
    expect(nameIn(`${CLONE}docs/guides`)).toBe("npx faramesh");
  });

  it("is never left to npx elsewhere, which would ask a registry for it: there it is a file that runs", async () => {
    const folder = await scratch();
    // The sources are not what runs; what was built is.
    const name = nameIn(folder.dir).replace("/src/", "/dist/");
    expect(nameIn(`${CLONE.replace(/\/$/, "")}-2`)).toMatch(/^node /);
    const { stdout } = spawnSync("bash", ["-c", `${name} --version`], { cwd: folder.dir, encoding: "utf8" });
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    await folder.remove();
  });
});
