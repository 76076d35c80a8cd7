import type { Tool } from "@modelcontextprotocol/client";
import { type CatalogEntry, isHeld, shown } from "./catalog-entry.js";
import type { GatewaySettings, ToolSchema } from "./settings.js";
import { messageOf, type Upstream } from "./upstream.js";
import { couldBeAllowed } from "./visible-tools.js";

/** The tools of all MCP servers of one session, held against their pins. */
export class Catalog {
  readonly #upstreams: readonly Upstream[];
  readonly #settings: GatewaySettings;
  readonly #registered = new Set<string>();
  #entries: Promise<Map<string, CatalogEntry>> | null = null;
  /** Whether some server did not say what tools it has. */
  #isIncomplete = false;

  constructor(upstreams: readonly Upstream[], settings: GatewaySettings) {
    this.#upstreams = upstreams;
    this.#settings = settings;
  }

  /** The definitions may have changed: they are asked for again before they are next used. */
  forget(): void {
    this.#entries = null;
  }

  /**
   * What the client is shown: a tool whose definition changed only as it was pinned, and said to be held.
   *
   * @throws PinFileError where pins cannot be read; FarameshError where the gate cannot be asked what to hide.
   */
  async list(agentId: string): Promise<Tool[]> {
    this.forget();
    const entries = [...(await this.#current()).values()];
    const { hideDenied, gate, operation } = this.#settings;
    if (!hideDenied) return entries.map(shown);
    const visible: Tool[] = [];
    for (const entry of entries) {
      if (await couldBeAllowed(gate, entry, { agentId, operation })) visible.push(shown(entry));
    }
    return visible;
  }

  /** The tool that a client calls by this name; one that was held is held against its pin once more. */
  async find(name: string): Promise<CatalogEntry | undefined> {
    const entry = (await this.#current()).get(name);
    if (entry === undefined ? !this.#isIncomplete : !isHeld(entry)) return entry;
    this.forget();
    return (await this.#current()).get(name);
  }

  /** Asked for once at a time, whoever needs it; a failure is not remembered. */
  #current(): Promise<Map<string, CatalogEntry>> {
    this.#entries ??= this.#load().catch((error: unknown) => {
      this.forget();
      throw error;
    });
    return this.#entries;
  }

  async #load(): Promise<Map<string, CatalogEntry>> {
    this.#isIncomplete = false;
    const entries = (await Promise.all(this.#upstreams.map((upstream) => this.#entriesOf(upstream)))).flat();
    const byName = new Map(entries.map((entry) => [entry.name, entry]));
    if (byName.size < entries.length) throw new Error("two tools would be called by the same name");
    await this.#register(entries);
    return byName;
  }

  async #entriesOf(upstream: Upstream): Promise<CatalogEntry[]> {
    if (upstream.capabilities.tools === undefined) return [];
    const { pins, toolPrefix, log } = this.#settings;
    let listed: Tool[];
    try {
      const { tools, refused } = await upstream.tools();
      if (refused.length > 0) log(`${upstream.name}: ${refused.length} tools are left out because of their names`);
      listed = tools;
    } catch (error) {
      // The tools of the others stay: what this one offers cannot be called without its definitions.
      log(`${upstream.name}: ${messageOf(error)}`);
      this.#isIncomplete = true;
      return [];
    }
    const pinned = (await pins?.check(upstream.name, listed)) ?? {};
    return listed.map((tool) => {
      const name = upstream.prefix + tool.name;
      return { upstream, tool, name, gateTool: toolPrefix + name, pin: pinned[tool.name] ?? null };
    });
  }

  /** A gate that does not know a tool's params decides by its rules all the same, so a failure is told, and that is all. */
  async #register(entries: readonly CatalogEntry[]): Promise<void> {
    const { registerSchemas, operation, log } = this.#settings;
    if (registerSchemas === null) return;
    const schemas = entries
      .filter((entry) => !isHeld(entry))
      .map(({ gateTool, tool }): ToolSchema => ({ tool: gateTool, operation, schema: tool.inputSchema }))
      .filter((schema) => !this.#registered.has(JSON.stringify(schema)));
    if (schemas.length === 0) return;
    try {
      await registerSchemas(schemas);
      for (const schema of schemas) this.#registered.add(JSON.stringify(schema));
    } catch (error) {
      log(`the schemas of ${schemas.length} tools could not be registered with the gate: ${messageOf(error)}`);
    }
  }
}
