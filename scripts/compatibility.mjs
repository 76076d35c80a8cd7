/**
 * The table of agent frameworks in docs/reference/compatibility.md, made of what the last run of the tests showed:
 * `npm run compatibility` writes it, and `npm test` holds the page against its own run.
 */

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { ROOT } from "./run.mjs";

const PAGE = `${ROOT}docs/reference/compatibility.md`;
const BEGIN = "<!-- from a run of the tests: npm run compatibility -->\n";
const END = "<!-- end -->\n";

/** What a column says of a framework, and the names of the cases that show it. */
const COLUMNS = [
  ["allowed: runs once", /allowed call/],
  ["denied: does not run", /denied call/],
  ["rejected: does not run", /reject/],
  ["nobody answers: does not run", /in time|nobody/],
  ["no gate: does not run", /without a gate/],
  ["held, approved: runs once", /(is|once) approved|person approves/],
  ["calls at once", /at once|parallel/],
  ["streaming", /stream/],
  ["cancelled: does not run", /cancel|abort|given up/],
  ["agents as tools", /sub[- ]?agent|agent (that is|as) a|agents as tools|AgentTool/i],
];

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  writeFileSync(PAGE, pageWith(tableOf(`${ROOT}.test-results/`)));
}

/**
 * What a run showed, held against the page.
 *
 * @param {string} results - The folder that the run wrote to.
 * @returns {string | null} What is wrong with the page, or null.
 */
export function staleCompatibility(results) {
  const isFresh = pageWith(tableOf(results)) === readFileSync(PAGE, "utf8");
  return isFresh ? null : "docs/reference/compatibility.md is not what this run showed: npm run compatibility";
}

function pageWith(table) {
  const page = readFileSync(PAGE, "utf8");
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${PAGE} has no place for the table`);
  return page.slice(0, begin + BEGIN.length) + table + page.slice(end);
}

function tableOf(results) {
  const rows = [...typescriptRows(`${results}frameworks/`), ...pythonRows(results)];
  const failed = rows.flatMap(({ cases }) => cases.filter(({ passed }) => !passed));
  if (failed.length > 0) throw new Error(`a case failed: ${failed[0].name}`);
  const lines = grouped(rows)
    .filter(showsSomething)
    .map(({ framework, language, package: name, version, cases }) => {
      const shown = COLUMNS.map(([, pattern]) => (cases.some((each) => pattern.test(each.name)) ? "yes" : "–"));
      return `| ${[framework, language, `\`${name}\``, version, ...shown].join(" | ")} |`;
    });
  const head = ["framework", "language", "package", "version", ...COLUMNS.map(([title]) => title)];
  return `${[`| ${head.join(" | ")} |`, `|${"---|".repeat(head.length)}`, ...lines].join("\n")}\n`;
}

/** A part whose cases are all about something else has no row. */
function showsSomething({ cases }) {
  return COLUMNS.some(([, pattern]) => cases.some(({ name }) => pattern.test(name)));
}

function typescriptRows(folder) {
  return jsonFiles(folder, "").map(({ name, language, version, cases }) => {
    const [, framework, its] = /^(.+?) \((.+?)\)/.exec(name) ?? [];
    if (its === undefined) throw new Error(`${name} does not name its package`);
    return { framework, language, package: its, version, cases };
  });
}

function pythonRows(folder) {
  return jsonFiles(folder, "python-integrations-")
    .flat()
    .map(({ framework, package: name, version, cases }) => ({
      framework,
      language: "Python",
      package: name,
      version,
      cases: cases.map(({ case: name, outcome }) => ({
        name: name.replaceAll("_", " "),
        passed: outcome === "passed",
      })),
    }));
}

function jsonFiles(folder, beginning) {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.startsWith(beginning) && name.endsWith(".json"));
  return names.map((name) => JSON.parse(readFileSync(`${folder}${name}`, "utf8")));
}

/** One row for each version of a framework; what its suites showed is taken together. */
function grouped(rows) {
  const known = new Map();
  for (const row of rows) {
    const key = `${row.framework} ${row.language} ${row.package} ${row.version}`;
    const before = known.get(key);
    known.set(key, before === undefined ? row : { ...before, cases: [...before.cases, ...row.cases] });
  }
  return [...known].sort(([left], [right]) => left.localeCompare(right, "en")).map(([, row]) => row);
}
