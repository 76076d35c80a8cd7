/** The shells a completion script can be printed for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** What can be completed: a command, its options and the commands under it. */
export interface CompletionTree {
  name: string;
  summary: string;
  options: { flag: string; summary: string }[];
  commands: CompletionTree[];
}

/** A script that completes commands, subcommands and options; each shell's own way to load it is in `--help`. */
export function completionScript(shell: Shell, root: CompletionTree): string {
  switch (shell) {
    case "bash":
      return bashScript(root);
    case "zsh":
      return `#compdef ${root.name}\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(root)}`;
    case "fish":
      return fishScript(root);
  }
}

interface Place {
  /** The command's words behind the program's name: `policy check`. */
  path: string;
  words: string[];
}

function placesOf(tree: CompletionTree, path: string[] = []): Place[] {
  const words = [
    ...tree.commands.map((command) => command.name),
    ...tree.options.map((option) => option.flag),
    "--help",
  ];
  const below = tree.commands.flatMap((command) => placesOf(command, [...path, command.name]));
  return [{ path: path.join(" "), words }, ...below];
}

function bashScript(root: CompletionTree): string {
  const cases = placesOf(root).map(({ path, words }) => `    "${path}") words="${words.join(" ")}" ;;`);
  return `_faramesh() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" words="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in
      -*) break ;;
      *) path="\${path:+$path }$word" ;;
    esac
  done
  while :; do
    case "$path" in
${cases.map((line) => `  ${line}`).join("\n")}
    esac
    [[ -n "$words" || -z "$path" ]] && break
    [[ "$path" == *" "* ]] && path="\${path% *}" || path=""
  done
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _faramesh ${root.name}`;
}

function fishScript(root: CompletionTree): string {
  const lines = [`complete -c ${root.name} -e`];
  for (const command of root.commands) {
    lines.push(entry("__fish_use_subcommand", `-f -a ${command.name}`, command.summary));
    lines.push(...fishOptions(command, `__fish_seen_subcommand_from ${command.name}`));
    for (const child of command.commands) {
      const there = `__fish_seen_subcommand_from ${command.name}`;
      lines.push(entry(there, `-f -a ${child.name}`, child.summary));
      lines.push(...fishOptions(child, `${there}; and __fish_seen_subcommand_from ${child.name}`));
    }
  }
  return lines.join("\n");
}

function fishOptions(command: CompletionTree, when: string): string[] {
  return command.options.map(({ flag, summary }) => entry(when, `-l ${flag.replace(/^--/, "")}`, summary));
}

function entry(when: string, what: string, summary: string): string {
  return `complete -c faramesh -n '${when}' ${what} -d '${summary.replace(/[\\']/g, "\\$&")}'`;
}
