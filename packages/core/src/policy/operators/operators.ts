import type { OperatorReader } from "../value-test.js";
import { readCombination, readNot } from "./combinations.js";
import { readEquality, readMembership } from "./equality.js";
import { readCidr, readDomain } from "./network.js";
import { readOrdering } from "./ordering.js";
import { readPathWithin } from "./path-within.js";
import { readExists, readType } from "./shape.js";
import { readContains, readTextTest } from "./text.js";

/** Every operator a condition may use. */
export const OPERATORS: ReadonlyMap<string, OperatorReader> = new Map([
  ["eq", readEquality],
  ["ne", readEquality],
  ["in", readMembership],
  ["not_in", readMembership],
  ["gt", readOrdering],
  ["gte", readOrdering],
  ["lt", readOrdering],
  ["lte", readOrdering],
  ["contains", readContains],
  ["starts_with", readTextTest],
  ["ends_with", readTextTest],
  ["glob", readTextTest],
  ["pattern", readTextTest],
  ["exists", readExists],
  ["type", readType],
  ["cidr", readCidr],
  ["domain", readDomain],
  ["path_within", readPathWithin],
  ["all", readCombination],
  ["any", readCombination],
  ["none", readCombination],
  ["not", readNot],
]);
