import type { DocumentNode } from "../document.js";
import { readTexts } from "../scalars.js";
import { FALSE, truthOf, UNKNOWN } from "../truth.js";
import type { OperatorReader, Reading } from "../value-test.js";
import { hostOf, parseHostPattern } from "./host.js";
import { isWithinNetwork, parseIp, parseNetwork } from "./ip-address.js";

const OPERAND_CHARS_MAX = 300;

/** `cidr`: an IP address within one of the networks. What is no IP address cannot be judged. */
export const readCidr: OperatorReader = (operator, node, reading) => {
  const read = readEach(operator, node, reading, parseNetwork, "a network such as 10.0.0.0/8, with no bits behind /");
  if (read === null) return null;
  return {
    operator,
    operand: read.operand,
    judge: (value) => {
      if (value === undefined) return FALSE;
      const address = typeof value === "string" ? parseIp(value) : null;
      return address === null ? UNKNOWN : truthOf(read.parsed.some((network) => isWithinNetwork(address, network)));
    },
  };
};

/** `domain`: the host of a URL, or a bare host: `example.com`, or `*.example.com` for all names below it. */
export const readDomain: OperatorReader = (operator, node, reading) => {
  const read = readEach(operator, node, reading, parseHostPattern, "a host: example.com or *.example.com");
  if (read === null) return null;
  return {
    operator,
    operand: read.operand,
    judge: (value) => {
      if (value === undefined) return FALSE;
      const host = typeof value === "string" ? hostOf(value) : null;
      return host === null ? UNKNOWN : truthOf(read.parsed.some((matches) => matches(host)));
    },
  };
};

function readEach<Parsed>(
  operator: string,
  node: DocumentNode,
  { report }: Reading,
  parse: (text: string) => Parsed | null,
  wanted: string,
): { operand: string[]; parsed: Parsed[] } | null {
  const texts = readTexts(node, operator, OPERAND_CHARS_MAX, report);
  if (texts === null) return null;
  const parsed: Parsed[] = [];
  for (const [index, text] of texts.entries()) {
    const each = parse(text);
    const spot = node.kind === "list" ? (node.items[index] ?? node) : node;
    if (each === null)
      report.error(spot, "wrong_value", `${operator} needs ${wanted}, not ${JSON.stringify(text)}`, `write ${wanted}`);
    else parsed.push(each);
  }
  return parsed.length === texts.length ? { operand: texts, parsed } : null;
}
