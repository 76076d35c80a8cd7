import { type ApiKey, type CreatedApiKey, ROLES, type Role } from "@faramesh/protocol";
import { type Command, Option } from "commander";
import { addConnectionOptions, type ConnectionOptions, connectAdmin } from "../connection.js";
import { resolveKeyId } from "../key-id.js";
import { collect } from "../option-parsers.js";
import { print, printable, printJson } from "../output.js";
import { fields, table } from "../render/table.js";

interface CreateOptions extends ConnectionOptions {
  name: string;
  role: Role;
  agent?: string[];
}

/** `faramesh keys`: who may call the gate. A key is shown when it is made, and never again. */
export function define(command: Command): void {
  addConnectionOptions(command.command("create").description("make a key and show it, once"))
    .requiredOption("--name <name>", "who will use it: the name that approvals and events carry")
    .addOption(new Option("--role <role>", "what it may do").choices(ROLES).makeOptionMandatory())
    .option("--agent <glob>", "the agent ids it may act as; repeatable; any, if none is given", collect)
    .action(create);
  addConnectionOptions(command.command("list").description("list keys, without their secrets")).action(list);
  addConnectionOptions(
    command.command("revoke <id>").description("stop a key at once; takes a unique beginning of its id"),
  ).action(revoke);
  addConnectionOptions(
    command.command("rotate <id>").description("replace a key: the old one stops, the new one is shown once"),
  ).action(rotate);
}

async function create(options: CreateOptions): Promise<void> {
  const { name, role, agent } = options;
  const admin = connectAdmin(options);
  const namesakes = options.json ? [] : (await admin.listKeys()).filter(isActive).filter((key) => key.name === name);
  showCreated(await admin.createKey({ name, role, ...(agent && { agents: agent }) }), options);
  const [first] = namesakes;
  // A rule that names an approver means every key of that name.
  if (first !== undefined) print(`Another active key is called ${printable(name)} too: ${first.id}.`);
}

function isActive(key: ApiKey): boolean {
  return key.revoked_at === null;
}

async function rotate(given: string, options: ConnectionOptions): Promise<void> {
  const admin = connectAdmin(options);
  showCreated(await admin.rotateKey(await resolveKeyId(admin, given)), options);
}

function showCreated(created: CreatedApiKey, options: ConnectionOptions): void {
  if (options.json) printJson(created);
  else print(createdText(created));
}

function createdText(created: CreatedApiKey): string {
  const about = fields([
    ["id", created.id],
    ["name", printable(created.name)],
    ["role", created.role],
    ["agents", printable(created.agents.join(", ") || "any")],
  ]);
  return `${created.key}\n${about}\nKeep it now: only its hash is stored, and it cannot be shown again.`;
}

async function revoke(given: string, options: ConnectionOptions): Promise<void> {
  const admin = connectAdmin(options);
  const revoked = await admin.revokeKey(await resolveKeyId(admin, given));
  if (options.json) printJson(revoked);
  else print(`revoked ${printable(revoked.name)} (${revoked.id})`);
}

async function list(options: ConnectionOptions): Promise<void> {
  const keys = await connectAdmin(options).listKeys();
  if (options.json) return printJson(keys);
  print(table(["id", "name", "role", "agents", "last used", "state"], keys.map(keyRow)));
}

function keyRow(key: ApiKey): string[] {
  return [
    key.id,
    printable(key.name),
    key.role,
    printable(key.agents.join(", ") || "any"),
    key.last_used_at ?? "never",
    isActive(key) ? "active" : `revoked ${key.revoked_at}`,
  ];
}
