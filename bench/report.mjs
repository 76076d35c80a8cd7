/**
 * Rows that are measured together.
 *
 * @typedef {object} Bench
 * @property {string} name - For `--row`.
 * @property {string} [takes] - How long, and what else. With it, the rows are measured only where they are named.
 * @property {Omit<Row, "measure">[]} rows
 * @property {(effort: import("./options.mjs").Effort) => Promise<Measured[]>} measure - One for each of the rows.
 */

/** @typedef {"ns" | "ms" | "MB" | "req/s" | "/s"} Unit */

/**
 * A row as it is measured.
 *
 * @typedef {object} Row
 * @property {string} name - For `--floor`, and for `--row` where it is measured alone.
 * @property {string} subject - What is measured.
 * @property {string} baseline - What it is measured against.
 * @property {Unit} unit - Of the two figures.
 * @property {string} ratioMeans - How to read the ratio.
 * @property {"at most" | "at least"} bound - Which side of the floor is good.
 * @property {number} floor - A ratio. Beyond it the bench fails.
 * @property {number} aim - A ratio. Where we want to be.
 * @property {(effort: import("./options.mjs").Effort) => Promise<Measured>} measure
 */

/**
 * @typedef {object} Measured
 * @property {number} subject
 * @property {number} baseline
 * @property {number} ratio
 * @property {string[]} [notes] - More that was seen on the way.
 */

/** @typedef {{ row: Omit<Row, "measure">, floor: number, load: number, measured: Measured }} Result */

/** @param {Result} result */
export function isMet({ row, floor, measured }) {
  return row.bound === "at most" ? measured.ratio <= floor : measured.ratio >= floor;
}

/**
 * The results as a table, with what else was seen below it.
 *
 * @param {Result[]} results
 */
export function table(results) {
  const head = ["row", "subject", "baseline", "ratio", "floor", "aim", "verdict", "load"];
  const lines = aligned([head, ...results.map(cells)]);
  const notes = results.flatMap(({ row, measured }) => [
    `${row.name}: ${row.subject}, against ${row.baseline}; ratio = ${row.ratioMeans}`,
    ...(measured.notes ?? []).map((note) => `  ${note}`),
  ]);
  return [...lines, "", ...notes].join("\n");
}

/** @param {Result} result */
function cells(result) {
  const { row, floor, load, measured } = result;
  const sign = row.bound === "at most" ? "≤" : "≥";
  return [
    row.name,
    figure(measured.subject, row.unit),
    figure(measured.baseline, row.unit),
    `${short(measured.ratio)}×`,
    `${sign} ${short(floor)}×`,
    `${sign} ${short(row.aim)}×`,
    verdict(result),
    load.toFixed(2),
  ];
}

/** @param {Result} result */
function verdict(result) {
  if (!isMet(result)) return "MISS";
  return isMet({ ...result, floor: result.row.aim }) ? "ok, aim met" : "ok";
}

/**
 * @param {number} value
 * @param {Unit} unit
 */
function figure(value, unit) {
  if (unit === "req/s" || unit === "/s") return `${Math.round(value).toLocaleString("en-US")} ${unit}`;
  if (unit === "ns" && value >= 10_000) return `${short(value / 1000)} µs`;
  return `${short(value)} ${unit}`;
}

/** @param {number} value */
function short(value) {
  if (value >= 100) return Math.round(value).toLocaleString("en-US");
  return value >= 0.01 ? value.toFixed(value >= 10 ? 1 : 2) : String(value);
}

/** @param {string[][]} rows */
function aligned(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join("  ")
      .trimEnd(),
  );
}
