import { Argument, type Command } from "commander";
import { type CompletionTree, completionScript, SHELLS, type Shell } from "../completion-script.js";
import { print } from "../output.js";

const HOW_TO = `
bash:  faramesh completion bash > ~/.local/share/bash-completion/completions/faramesh
zsh:   faramesh completion zsh > "\${fpath[1]}/_faramesh"
fish:  faramesh completion fish > ~/.config/fish/completions/faramesh.fish`;

/** `faramesh completion SHELL`. */
export function define(command: Command, wholeProgram: () => Promise<Command>): void {
  command
    .addArgument(new Argument("<shell>", "the shell to complete in").choices(SHELLS))
    .addHelpText("after", HOW_TO)
    .action(async (shell: Shell) => print(completionScript(shell, treeOf(await wholeProgram()))));
}

function treeOf(command: Command): CompletionTree {
  return {
    name: command.name(),
    summary: command.description(),
    options: command.options.flatMap((option) =>
      option.long ? [{ flag: option.long, summary: option.description }] : [],
    ),
    commands: command.commands.map(treeOf),
  };
}
