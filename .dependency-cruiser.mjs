/** Which folders may import which: the arrows of docs/ARCHITECTURE.md, with no list of exceptions. */

const dependsOnlyOn = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: "error",
  from: { path: from },
  to: { path: "^packages/", pathNot: [from, ...allowed] },
});

const never = (name, from, to, comment, more = {}) => ({
  name,
  comment,
  severity: "error",
  from: { path: from, ...more.from },
  to: { path: to, ...more.to },
});

const SERVER = "^packages/server/src";
/** Loads a library when it is first needed, by node:module. */
const LOADS_A_LIBRARY = "^packages/core/src/policy/when/parse-expression\\.ts$";
const PURE_NODE_MODULES = "^(crypto|buffer)$";

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    dependsOnlyOn("protocol-imports-nothing", "^packages/protocol/", [], "protocol is the words on the wire."),
    dependsOnlyOn(
      "core-imports-protocol",
      "^packages/core/src/",
      ["^packages/protocol/"],
      "core holds the pure rules.",
    ),
    dependsOnlyOn("sdk-imports-protocol", "^packages/sdk/src/", ["^packages/protocol/"], "sdk is what users embed."),
    dependsOnlyOn(
      "mcp-gateway-imports-sdk-and-protocol",
      "^packages/mcp-gateway/src/",
      ["^packages/protocol/", "^packages/sdk/"],
      "The gateway is a client of the gate like any other.",
    ),
    dependsOnlyOn(
      "server-imports-core-and-protocol",
      "^packages/server/src/",
      ["^packages/core/", "^packages/protocol/"],
      "server is not a client of itself.",
    ),
    never(
      "cli-reaches-the-server-only-to-run-it",
      "^packages/cli/src/",
      "^packages/server/",
      "Every other command is a client of the HTTP API.",
      { from: { pathNot: "^packages/cli/src/commands/(serve|dev|migrate)\\.ts$" } },
    ),
    never("policies-import-nothing", "^policies/src/", "^packages/", "Packs are texts."),
    never("packs-come-in-at-the-edges", "^packages/", "^policies/", "What loads policies is given the packs.", {
      from: { pathNot: "^packages/(server/src/main|cli/src/(policy-file|packed-policy|commands/init))\\.ts$" },
    }),
    {
      name: "core-does-no-io",
      comment:
        "Time, randomness and ids are arguments; only hashing comes from Node, and how to load the parser of CEL.",
      severity: "error",
      from: { path: "^packages/core/src/", pathNot: LOADS_A_LIBRARY },
      to: { dependencyTypes: ["core"], pathNot: PURE_NODE_MODULES },
    },
    {
      name: "core-hashes-in-few-places",
      comment: "node:crypto is reached through these files alone.",
      severity: "error",
      from: {
        path: "^packages/core/src/",
        pathNot: ["^packages/core/src/(sha256|(ledger|permit|approval)/[^/]+)\\.ts$", LOADS_A_LIBRARY],
      },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "no-node-in-what-users-embed",
      comment: "protocol and sdk run in every fetch runtime.",
      severity: "error",
      from: { path: "^packages/(protocol|sdk)/src/" },
      to: { dependencyTypes: ["core"] },
    },
    never("http-never-touches-a-store", `${SERVER}/http/`, `${SERVER}/store/`, "A route asks a use case."),
    never("store-never-decides", `${SERVER}/store/`, `${SERVER}/(gate|http|notify)/`, "A store keeps promises only."),
    never(
      "gate-knows-ports-only",
      `${SERVER}/gate/`,
      `${SERVER}/(http/|store/(?!store\\.ts$)|main\\.ts$)`,
      "A use case sees store/store.ts and nothing behind it.",
    ),
    never(
      "only-main-builds",
      SERVER,
      `${SERVER}/(store/(sqlite|postgres)/|http/app\\.ts$)`,
      "Stores are put together in deployment/, and all the rest in main.ts.",
      {
        from: {
          pathNot: [`${SERVER}/(main|index)\\.ts$`, `${SERVER}/deployment/`, `${SERVER}/store/(sqlite|postgres)/`],
        },
      },
    ),
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-undeclared-dependency",
      comment:
        "What a package imports, its package.json names. Types alone are gone when it runs; Cedar is an optional peer.",
      severity: "error",
      from: { path: "^packages/[^/]+/src/" },
      to: {
        dependencyTypes: ["npm-no-pkg", "npm-unknown", "npm-dev", "unknown"],
        pathNot: "node_modules/(@types|@cedar-policy)/",
      },
    },
    {
      name: "resolves",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "sources-never-import-tests",
      severity: "error",
      from: { path: "^packages/[^/]+/src/" },
      to: { path: "^packages/[^/]+/test/" },
    },
    {
      name: "no-way-around-a-package-entry",
      comment: "Another package is reached by its name, through what it exports.",
      severity: "error",
      from: { path: "^packages/([^/]+)/src/" },
      to: { path: "^packages/[^/]+/", pathNot: "^packages/$1/", dependencyTypes: ["local"] },
    },
  ],
  options: {
    doNotFollow: { path: ["node_modules", "/dist/"] },
    exclude: { path: ["\\.tsbuild/"] },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    tsConfig: { fileName: "tsconfig.base.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "default", "types"] },
  },
};
