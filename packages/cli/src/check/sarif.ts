import { FINDING_CODES, type FindingCode } from "@faramesh/core";
import type { Log, ReportingDescriptor, Result } from "sarif";
import { VERSION } from "../version.js";
import type { FileFinding } from "./check-file.js";

const CODES = Object.keys(FINDING_CODES) as FindingCode[];

/**
 * Findings as a SARIF log (OASIS SARIF 2.1.0), which code scanning services and editors read.
 *
 * @returns The log; files are named as they were given, with `/`, so run it from the root of what is scanned.
 */
export function sarifLog(findings: readonly FileFinding[]): Log {
  return {
    $schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "faramesh", version: VERSION, rules: CODES.map(ruleOf) } },
        columnKind: "utf16CodeUnits",
        results: findings.map(resultOf),
      },
    ],
  };
}

function ruleOf(code: FindingCode): ReportingDescriptor {
  const { severity, about } = FINDING_CODES[code];
  return { id: code, shortDescription: { text: about }, defaultConfiguration: { level: severity } };
}

function resultOf({ file, code, severity, message, cure, line, column, path }: FileFinding): Result {
  return {
    ruleId: code,
    ruleIndex: CODES.indexOf(code),
    level: severity,
    message: { text: `${message} (${cure})` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(file) },
          region: { startLine: line, startColumn: column },
        },
        logicalLocations: [{ fullyQualifiedName: path }],
      },
    ],
  };
}

/** A file's name as a relative URI reference (RFC 3986). */
function uriOf(file: string): string {
  return encodeURI(file.replaceAll("\\", "/")).replace(/[?#]/g, encodeURIComponent);
}
