import type { Report } from "../report.js";
import type { Rule } from "../rule.js";

/** `items[*]` asks for some item, which is right for what must not be there, and seldom for what all must be. */
export function checkSomeItemAllows(rules: readonly Rule[], report: Report): void {
  for (const { id, effect, enabled, conditions } of rules) {
    if (effect !== "allow" || !enabled) continue;
    for (const { path, spot } of conditions) {
      if (!path.includes("[*]")) continue;
      const list = path.slice(0, path.indexOf("[*]"));
      const cure = `write ${list}: { all: … }, or when: ${list}.all(item, …); any and exists where one is enough`;
      report.warning(
        spot,
        "some_item_allows",
        `rule ${id} allows where one of ${path} meets it, whatever the others`,
        cure,
      );
    }
  }
}
