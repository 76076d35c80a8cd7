import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Tool } from "@modelcontextprotocol/client";
import { definitionHash, definitionOf } from "./definition.js";
import { type Pin, type PinDocument, PinFileError, readPinDocument, type SeenDefinition } from "./pin-document.js";

/** A tool whose definition changed. */
export interface ChangedTool {
  server: string;
  tool: string;
  pinned: SeenDefinition;
  changed: SeenDefinition;
}

/**
 * Definitions of tools as they were when they were first seen, in a file. Each change of the file is one rename, so a
 * reader never sees half of one.
 */
export class PinFile {
  readonly path: string;
  #latest: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.path = path;
  }

  /**
   * Pins the tools of a server that are seen for the first time, and records what changed of the others.
   *
   * @returns The pins, by tool; one with `changed` must not be called.
   * @throws {@link PinFileError} where the file cannot be read or written.
   */
  check(server: string, tools: readonly Tool[]): Promise<Record<string, Pin>> {
    return this.#change((document) => {
      const known = own(document.servers, server) ?? {};
      const seen = tools.map((tool) => [tool.name, pinOf(own(known, tool.name), tool)] as const);
      document.servers[server] = { ...known, ...Object.fromEntries(seen) };
      return Object.fromEntries(seen);
    });
  }

  /** The tools whose definition is not the pinned one. @throws {@link PinFileError} where the file cannot be read. */
  async changes(): Promise<ChangedTool[]> {
    return changesOf(await this.#read());
  }

  /** Every pin, by server and tool. @throws {@link PinFileError} where the file cannot be read. */
  async pins(): Promise<PinDocument["servers"]> {
    return (await this.#read()).servers;
  }

  /**
   * Pins what changed, of the tools that are named.
   *
   * @returns What was accepted.
   * @throws {@link PinFileError} where the file cannot be read or written.
   */
  accept(isMeant: (change: ChangedTool) => boolean): Promise<ChangedTool[]> {
    return this.#change((document) => {
      const accepted = changesOf(document).filter(isMeant);
      for (const { server, tool, changed } of accepted) {
        document.servers[server] = { ...document.servers[server], [tool]: { pinned: changed } };
      }
      return accepted;
    });
  }

  /** One change after the other: two sessions of this process never write over what the other has pinned. */
  #change<T>(change: (document: PinDocument) => T): Promise<T> {
    const next = this.#latest.then(async () => {
      const document = await this.#read();
      const before = JSON.stringify(document);
      const result = change(document);
      if (JSON.stringify(document) !== before) await this.#write(document);
      return result;
    });
    this.#latest = next.catch(() => undefined);
    return next;
  }

  async #read(): Promise<PinDocument> {
    let text: string;
    try {
      text = await readFile(this.path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return { version: 1, servers: {} };
      throw new PinFileError(`the file of pins cannot be read: ${this.path}`, { cause: error });
    }
    return readPinDocument(text);
  }

  async #write(document: PinDocument): Promise<void> {
    const draft = `${this.path}.${process.pid}.draft`;
    try {
      await mkdir(dirname(this.path), { recursive: true });
      await writeFile(draft, `${JSON.stringify(document, null, 2)}\n`, { mode: 0o600 });
      await rename(draft, this.path);
    } catch (error) {
      throw new PinFileError(`the file of pins cannot be written: ${this.path}`, { cause: error });
    }
  }
}

function pinOf(known: Pin | undefined, tool: Tool): Pin {
  const definition = definitionOf(tool);
  const hash = definitionHash(definition);
  if (known?.pinned.hash === hash) return { pinned: known.pinned };
  if (known?.changed?.hash === hash) return known;
  const seen: SeenDefinition = { hash, definition, seen_at: new Date().toISOString() };
  return known === undefined ? { pinned: seen } : { pinned: known.pinned, changed: seen };
}

/** A tool may be called as a member that every object inherits. */
function own<T>(map: Record<string, T>, key: string): T | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

function changesOf(document: PinDocument): ChangedTool[] {
  return Object.entries(document.servers).flatMap(([server, pins]) =>
    Object.entries(pins).flatMap(([tool, { pinned, changed }]) =>
      changed === undefined ? [] : [{ server, tool, pinned, changed }],
    ),
  );
}
