import type { JsonObject } from "@faramesh/protocol";
import { described, oneOrMore, ref, text } from "./parts.js";

const list: JsonObject = { type: "array", minItems: 1 };
const conditionOrList: JsonObject = {
  anyOf: [{ type: "array", minItems: 1, items: ref("condition") }, ref("condition")],
};

/** What may stand behind each operator. */
export const OPERAND_SCHEMAS: JsonObject = {
  eq: described("Equal, deeply; nothing is coerced", {}),
  ne: described("There, and not equal", {}),
  in: described("Equal to one of the list", list),
  not_in: described("There, and equal to none of the list", list),
  gt: described("A number above, compared exactly", ref("number")),
  gte: described("A number at or above", ref("number")),
  lt: described("A number below", ref("number")),
  lte: described("A number at or below", ref("number")),
  contains: described("A text with this in it, or a list with this item", {}),
  starts_with: described("A text that begins so", oneOrMore(text)),
  ends_with: described("A text that ends so", oneOrMore(text)),
  glob: described("A whole text, * for any run of characters", oneOrMore(text)),
  pattern: described("A text in which the RE2 pattern is found", oneOrMore(text)),
  exists: described("There, or with false missing", { type: "boolean" }),
  type: described(
    "Of this JSON type, or integer",
    oneOrMore({ enum: ["null", "boolean", "number", "integer", "string", "array", "object"] }),
  ),
  cidr: described("An IP address in this network", oneOrMore(text)),
  domain: described("A URL or host of this name, *. for all below it", oneOrMore(text)),
  path_within: described("A path at or below this directory, once . and .. are resolved", oneOrMore(text)),
  all: described("Every condition of the list holds; with one condition, it holds for every item", conditionOrList),
  any: described("Some condition of the list holds; with one condition, it holds for some item", conditionOrList),
  none: described("No condition of the list holds; with one condition, it holds for no item", conditionOrList),
  not: described("The condition does not hold; a missing field meets it", ref("condition")),
};
