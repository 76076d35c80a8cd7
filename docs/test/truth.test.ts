import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { ERROR_CODES, LIMITS, REASON_CODES, STATUSES } from "@faramesh/protocol";
import * as sdk from "@faramesh/sdk";
import { describe, expect, it } from "vitest";
import { CLONE, documents, inlineCode, readDocument, section, tableRows } from "./snippets.js";

const read = (file: string) => readFileSync(CLONE + file, "utf8");
const codesOf = (cells: readonly string[]) => inlineCode(cells[0] ?? "");
const bodyOf = (file: string, heading: string) => tableRows(section(readDocument(file), heading)).slice(1);

describe("docs/ARCHITECTURE.md", () => {
  const page = readDocument("docs/ARCHITECTURE.md");

  it("names only files and folders that exist", () => {
    const named = inlineCode(page.replace(/```[\s\S]*?```/g, "")).filter((name) =>
      /^(packages|python|examples)\//.test(name),
    );
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter((name) => !existsSync(CLONE + name))).toEqual([]);
  });

  it("walks one action in the order of the calls: each function is used by a file that was entered before it", () => {
    const [walk = ""] = section(page, "## One action, one way").split("\nA failure on the way");
    const steps = tableRows(walk)
      .slice(1)
      .map(([file = "", name = ""]) => ({ file: inlineCode(file)[0] ?? "", name: inlineCode(name)[0] ?? "" }));
    expect(steps.length).toBeGreaterThan(12);
    // main.ts puts the parts together, so it is entered before them all.
    const entered = ["packages/server/src/main.ts"];
    for (const { file, name } of steps) {
      const word = new RegExp(`\\b${name}\\b`);
      expect(read(file), `${file} has ${name}`).toMatch(word);
      expect(
        entered.some((earlier) => word.test(read(earlier))),
        `${name} is used before ${file} is entered`,
      ).toBe(true);
      entered.push(file);
    }
  });

  it("walks through the rooms without a step back: HTTP, use case, store, and out again", () => {
    const rooms = [...page.matchAll(/^\| `packages\/server\/src\/(http|gate|store)\/.*\| `\w+` \|/gm)].map(
      ([, room]) => room,
    );
    const visits = rooms.filter((room, index) => room !== rooms[index - 1]);
    expect(visits).toEqual(["http", "gate", "store", "gate"]);
  });

  it("names for every invariant the tests that prove it", () => {
    const rows = tableRows(section(page, "## Invariants")).slice(1);
    const numbers = rows.map(([number]) => number).filter((number) => number !== "");
    expect(numbers).toEqual(["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
    for (const [, , file = "", test = ""] of rows) {
      const [name = ""] = inlineCode(test);
      expect(read(inlineCode(file)[0] ?? ""), `${file} proves: ${name}`).toContain(name);
    }
  });
});

describe("the tables of error codes", () => {
  it("of the HTTP API are the codes of the protocol, with their statuses", () => {
    const listed = bodyOf("docs/reference/http-api.md", "## Errors").map(([code = "", status]) => [
      inlineCode(code)[0],
      Number(status),
    ]);
    expect(listed).toEqual(Object.entries(ERROR_CODES).map(([code, { status }]) => [code, status]));
  });

  it("of the SDKs name every code, and classes that both SDKs have", () => {
    const rows = bodyOf("docs/reference/errors.md", "# Errors").filter(([code]) => code !== "code");
    const codes = rows.flatMap(codesOf);
    expect(Object.keys(ERROR_CODES).filter((code) => !codes.includes(code))).toEqual([]);
    const classes = new Set(rows.flatMap(([, names = ""]) => inlineCode(names)));
    const python = read("python/faramesh/__init__.py");
    for (const name of classes) {
      expect(Object.keys(sdk), name).toContain(name);
      expect(python, name).toContain(`"${name}"`);
    }
  });
});

describe("docs/vocabulary.md", () => {
  it("lists every status and every reason code", () => {
    const statuses = bodyOf("docs/vocabulary.md", "## Statuses").flatMap(codesOf);
    expect(statuses.sort()).toEqual([...STATUSES].sort());
    const reasons = bodyOf("docs/vocabulary.md", "## Reason codes").flatMap(codesOf);
    expect(reasons.sort()).toEqual([...REASON_CODES].sort());
  });
});

describe("docs/dependencies.md", () => {
  it("names every dependency of every package, and none that is not there", () => {
    const manifests = [
      "",
      ...["protocol", "core", "server", "sdk", "mcp-gateway", "cli"].map((name) => `packages/${name}/`),
    ];
    const installed = manifests.flatMap((folder) => {
      const { dependencies = {}, devDependencies = {} } = JSON.parse(read(`${folder}package.json`)) as Manifest;
      return Object.keys({ ...dependencies, ...devDependencies });
    });
    const rows = ["## What runs", "## What builds and checks"].flatMap((heading) =>
      bodyOf("docs/dependencies.md", heading),
    );
    const named = rows.flatMap(codesOf);
    const ours = (name: string) => !name.startsWith("@faramesh/");
    expect([...new Set(installed)].filter((name) => ours(name) && !named.includes(name))).toEqual([]);
    const python = read("python/pyproject.toml");
    expect(named.filter((name) => !installed.includes(name) && !python.includes(name))).toEqual([]);
  });
});

describe("docs/guides/frameworks-typescript.md", () => {
  it("names every adapter of the SDK", () => {
    const { exports } = JSON.parse(read("packages/sdk/package.json")) as { exports: object };
    const adapters = Object.keys(exports).filter((path) => path !== ".");
    const rows = bodyOf("docs/guides/frameworks-typescript.md", "# Agent frameworks in TypeScript");
    const named = rows.flatMap(([, path = ""]) => inlineCode(path)).filter((path) => path.startsWith("@faramesh/sdk/"));
    expect(named.sort()).toEqual(adapters.map((path) => `@faramesh/sdk${path.slice(1)}`).sort());
  });

  it("names the versions that are tested", () => {
    const { dependencies = {} } = JSON.parse(read("packages/sdk/test/frameworks/package.json")) as Manifest;
    const rows = bodyOf("docs/guides/frameworks-typescript.md", "## What was tested");
    expect(rows).toHaveLength(6);
    for (const [framework = "", versions = ""] of rows) {
      const stated = [...versions.matchAll(/`([^`]+)` ([\d.]+)/g)];
      expect(stated.length, framework).toBeGreaterThan(0);
      for (const [, name = "", version] of stated) expect(dependencies[name], name).toBe(version);
    }
  });
});

describe("docs/guides/running.md", () => {
  it("names every variable that the server reads", () => {
    const variables = new Set(read("packages/server/src/config.ts").match(/FARAMESH_[A-Z_]+/g));
    const named = bodyOf("docs/guides/running.md", "## Settings").flatMap(codesOf);
    expect(named.sort()).toEqual([...variables].sort());
  });

  it("states the bounds as they are", () => {
    const bounds = section(readDocument("docs/guides/running.md"), "## Bounds").replace(/\s+/g, " ");
    const kilobytes = (bytes: number) => `${bytes / 1024} KB`;
    for (const bound of [
      `a body is at most ${kilobytes(LIMITS.bodyBytesMax)}`,
      `a batch ${LIMITS.batchBodyBytesMax / 1024 / 1024} MB`,
      `\`params\` ${kilobytes(LIMITS.paramsBytesMax)}`,
      `a reported result ${kilobytes(LIMITS.resultBytesMax)}`,
      `a list ${LIMITS.listLimitMax.toLocaleString("en")} actions a page`,
      `a held request ${LIMITS.waitSecondsMax} seconds`,
      `an approval ${LIMITS.approvalTtlSecondsMax / 86_400} days`,
      `a lease ${LIMITS.leaseSecondsMax / 3_600} hours`,
    ]) {
      expect(bounds).toContain(bound);
    }
  });
});

describe("a link", () => {
  const links = documents().flatMap((file) =>
    [...readDocument(file).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => ({ file, target })),
  );

  it.each(links.filter(({ target }) => !/^https?:/.test(target)))(
    "in $file to $target leads somewhere",
    ({ file, target }) => {
      const [path = "", anchor] = target.split("#");
      const place = path === "" ? file : join(dirname(file), path);
      expect(existsSync(CLONE + place), place).toBe(true);
      if (anchor === undefined) return;
      expect(statSync(CLONE + place).isFile()).toBe(true);
      const anchors = [...readDocument(place).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => anchorOf(heading));
      expect(anchors).toContain(anchor);
    },
  );
});

interface Manifest {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

/** As GitHub makes anchors of headings. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, "")
    .replace(/\s/g, "-");
}
