import { createHash } from "node:crypto";

const STYLE = `
:root { color-scheme: light dark; --ink: #1b1b18; --ink-2: #5d5d57; --line: #deded8; --bg: #fcfcfa; --code: #f3f3ef }
@media (prefers-color-scheme: dark) { :root { --ink: #ecece6; --ink-2: #a5a59d; --line: #35352f; --bg: #181815; --code: #232320 } }
body { margin: 0 auto; max-width: 860px; padding: 32px 20px 80px; background: var(--bg); color: var(--ink);
  font: 15px/1.55 system-ui, sans-serif }
h1 { font-size: 26px; margin: 0 0 4px } h2 { font-size: 18px; margin: 36px 0 8px; text-transform: capitalize }
p { color: var(--ink-2); margin: 4px 0 12px }
details { border-top: 1px solid var(--line); padding: 8px 0 } summary { cursor: pointer }
code, pre { font: 13px/1.5 ui-monospace, monospace } pre { background: var(--code); padding: 12px; overflow-x: auto; border-radius: 5px }
.method { display: inline-block; min-width: 62px; font-weight: 600 } .what { color: var(--ink-2); margin-left: 10px }
`;

/** The page runs no script, loads nothing and cannot be framed. */
export const DOCS_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
};

interface Operation {
  summary?: string;
  tags?: string[];
  parameters?: { name: string; in: string; schema?: object }[];
  requestBody?: { content?: Record<string, { schema?: object }> };
  responses?: Record<string, { content?: Record<string, { schema?: object }> }>;
}

/** The API description (OpenAPI 3.1) as a page to read. */
export function docsPage(description: { info?: { title: string; version: string }; paths?: object }): string {
  const groups = new Map<string, string[]>();
  for (const [path, methods] of Object.entries(description.paths ?? {})) {
    for (const [method, operation] of Object.entries(methods as Record<string, Operation>)) {
      const tag = operation.tags?.[0] ?? "other";
      groups.set(tag, [...(groups.get(tag) ?? []), operationHtml(method, path, operation)]);
    }
  }
  const sections = [...groups].map(([tag, operations]) => `<h2>${escapeHtml(tag)}</h2>\n${operations.join("\n")}`);
  const { title, version } = description.info ?? { title: "Faramesh", version: "" };
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
<body><h1>${escapeHtml(title)}</h1><p>Version ${escapeHtml(version)}. The same as data: <a href="/openapi.json">openapi.json</a>.
Send <code>Authorization: Bearer &lt;key&gt;</code>; errors are <code>application/problem+json</code> with a stable <code>code</code>.</p>
${sections.join("\n")}</body></html>
`;
}

function operationHtml(method: string, path: string, operation: Operation): string {
  const parts = [
    ...(operation.parameters ?? []).map((parameter) => pre(`${parameter.name} (${parameter.in})`, parameter.schema)),
    ...Object.values(operation.requestBody?.content ?? {}).map((body) => pre("body", body.schema)),
    ...Object.entries(operation.responses ?? {}).flatMap(([status, response]) =>
      Object.values(response.content ?? {}).map((body) => pre(`answer ${status}`, body.schema)),
    ),
  ];
  const what = `<span class="what">${escapeHtml(operation.summary ?? "")}</span>`;
  return `<details><summary><code><span class="method">${method.toUpperCase()}</span> ${escapeHtml(path)}</code>${what}</summary>${parts.join("")}</details>`;
}

function pre(title: string, schema: object | undefined): string {
  return `<p>${escapeHtml(title)}</p><pre>${escapeHtml(JSON.stringify(schema ?? {}, null, 2))}</pre>`;
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
