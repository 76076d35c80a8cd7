import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadPolicy } from "@faramesh/core";
import { allPacks } from "@faramesh/policies";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Desk, type Finished, openDesk, python, run } from "./running.js";
import { CLONE, documents, readDocument, type Snippet, snippetsOf } from "./snippets.js";

/** Commands that set up or test the whole clone, and what runs them instead of the tests here. */
const RUN_ELSEWHERE = new Map([
  ["npm ci && npm start", "docs/test/start.test.ts"],
  ["npm run demo", "examples/demo/demo.test.ts"],
  ["npm ci && npm test", ".ci/run"],
  ["npm run check", ".ci/run"],
  ["npm run bench", "package.json"],
]);

/** The environments in which the Python integrations are tested; a block names the one that it runs in. */
const FRAMEWORKS = ["several", "crew", "adk"];

const snippets = documents().flatMap(snippetsOf);
const of = (language: string, ...words: string[]) =>
  snippets.filter((snippet) => snippet.language === language && snippet.words.join(" ") === words.join(" "));
const place = ({ file, line }: Snippet) => `${file}:${line}`;

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk.clear());

function expectSuccess(finished: Finished): void {
  expect(finished, finished.stderr).toMatchObject({ code: 0 });
}

describe("a document", () => {
  it("has no block in a language that is not tested here", () => {
    const tested = [
      ...[
        "bash",
        "bash elsewhere",
        "python",
        ...FRAMEWORKS.map((name) => `python ${name}`),
        "ts",
        "yaml",
        "yaml refused",
        "yaml cases",
      ],
      ...["json", "text", "text start"],
    ];
    const kinds = snippets.map(({ language, words }) => [language, ...words].join(" "));
    expect([...new Set(kinds)].filter((kind) => !tested.includes(kind))).toEqual([]);
  });

  it("shows a command for the whole clone only where something else runs it", () => {
    for (const { code } of of("bash", "elsewhere")) {
      for (const line of code.trim().split("\n")) {
        const runner = RUN_ELSEWHERE.get(line);
        expect(runner, line).toBeDefined();
        if (runner === ".ci/run") expect(readDocument(runner)).toContain(line.split(" && ").at(-1));
      }
    }
  });
});

describe("the bash blocks, pasted one after another,", () => {
  const files = [...new Set(of("bash").map(({ file }) => file))];
  it.each(files)("of %s work as printed", { timeout: 120_000 }, async (file) => {
    const blocks = of("bash").filter((snippet) => snippet.file === file);
    const script = blocks.map((block) => `echo "── ${place(block)}" >&2\n${block.code}`).join("");
    expectSuccess(await desk.bash(script));
  });
});

describe("the Python block at", () => {
  it.each(of("python").map((snippet) => ({ snippet, at: place(snippet) })))(
    "$at works as printed",
    async ({ snippet }) => {
      expectSuccess(await run(python(), ["-c", snippet.code], { cwd: desk.folder, env: desk.env }));
    },
  );
});

describe("the Python block of a framework at", () => {
  const blocks = FRAMEWORKS.flatMap((framework) => of("python", framework).map((snippet) => ({ snippet, framework })));
  const paths = `${CLONE}python:${CLONE}docs/test`;
  // They are not there where Python is older than the frameworks take.
  const isThere = existsSync(`${CLONE}.venvs`);
  it.runIf(isThere).each(blocks.map((block) => ({ ...block, at: place(block.snippet) })))(
    "$at works as printed, with the reader's model as `model`",
    { timeout: 120_000 },
    async ({ snippet, framework }) => {
      const code = /\bmodel\b(?!=)/.test(snippet.code)
        ? `from scripted_model import model\n${snippet.code}`
        : snippet.code;
      const env = { ...desk.env, PYTHONPATH: paths, CREWAI_TESTING: "true", CREWAI_DISABLE_TELEMETRY: "true" };
      expectSuccess(await run(`${CLONE}.venvs/${framework}/bin/python`, ["-c", code], { cwd: desk.folder, env }));
    },
  );
});

describe("the TypeScript block at", () => {
  const blocks = of("ts").map((snippet) => ({ snippet, at: place(snippet) }));

  it.each(blocks)("$at works as printed, saved as a file that Node.js runs without a compiler", async ({ snippet }) => {
    writeFileSync(join(desk.folder, "agent.mjs"), snippet.code);
    expectSuccess(await run("node", ["agent.mjs"], { cwd: desk.folder, env: desk.env }));
  });

  it("has the types that a strict project asks for, wherever it stands", { timeout: 60_000 }, () => {
    expect(typeErrors(blocks)).toEqual([]);
  });
});

describe("the policy at", () => {
  it.each(of("yaml").map((snippet) => ({ snippet, at: place(snippet) })))(
    "$at loads without a finding",
    ({ snippet }) => {
      expect(loadPolicy(snippet.code, { packs: allPacks() }).findings).toEqual([]);
    },
  );

  it.each(of("yaml", "refused").map((snippet) => ({ snippet, at: place(snippet) })))(
    "$at is refused as shown",
    ({ snippet }) => {
      const { policy, findings } = loadPolicy(snippet.code, { packs: allPacks() });
      expect(policy).toBeNull();
      const shown = snippets[snippets.indexOf(snippet) + 1]?.code;
      for (const { line, column, severity, code, message } of findings) {
        expect(shown).toContain(`:${line}:${column}: ${severity} ${code}: ${message}`);
      }
    },
  );
});

describe("the cases at", () => {
  it.each(of("yaml", "cases").map((snippet) => ({ snippet, at: place(snippet) })))(
    "$at pass on the policy before them, and leave no rule of it without a case",
    async ({ snippet }) => {
      const isPolicy = ({ file, language, words }: Snippet) =>
        file === snippet.file && language === "yaml" && words.length === 0;
      const policy = snippets.slice(0, snippets.indexOf(snippet)).findLast(isPolicy)?.code;
      const script = `cat > faramesh.test.yaml <<'YAML'\n${snippet.code}YAML\ncat > faramesh.yaml <<'YAML'\n${policy}YAML\n`;
      const tested = await desk.bash(`${script}faramesh policy test faramesh.yaml`);
      expectSuccess(tested);
      expect(tested.stdout).not.toContain("no test is answered by");
    },
  );
});

describe("the JSON block at", () => {
  it.each(of("json").map((snippet) => ({ snippet, at: place(snippet) })))("$at is JSON", ({ snippet }) => {
    expect(() => JSON.parse(snippet.code) as unknown).not.toThrow();
  });
});

/** What the compiler says of the blocks, each a module that stands nowhere but here. */
function typeErrors(blocks: readonly { snippet: Snippet; at: string }[]): string[] {
  const { config } = ts.readConfigFile(`${CLONE}tsconfig.base.json`, (name) => ts.sys.readFile(name)) as Config;
  const options = { ...ts.parseJsonConfigFileContent(config, ts.sys, CLONE).options, composite: false, noEmit: true };
  const modules = new Map(blocks.map(({ snippet, at }) => [`${CLONE}${at.replace(":", "-line-")}.mts`, snippet.code]));
  const host = ts.createCompilerHost(options);
  const withModules: ts.CompilerHost = {
    ...host,
    fileExists: (name) => modules.has(name) || host.fileExists(name),
    getSourceFile(name, target, ...rest) {
      const code = modules.get(name);
      return code === undefined ? host.getSourceFile(name, target, ...rest) : ts.createSourceFile(name, code, target);
    },
  };
  const program = ts.createProgram([...modules.keys()], options, withModules);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`);
}

interface Config {
  config: object;
}
