/** Whether a name is a glob: `*` stands for any run of characters, all else for itself. */
export function isGlob(text: string): boolean {
  return text.includes("*");
}

/** Compiles a glob. Parts are sought from left to right, so matching never goes back: linear in the text. */
export function compileGlob(glob: string): (text: string) => boolean {
  const [first = "", ...rest] = glob.split("*");
  const last = rest.pop();
  if (last === undefined) return (text) => text === first;
  const middle = rest.filter((part) => part !== "");
  const charsMin = glob.length - glob.split("*").length + 1;
  return (text) => {
    if (text.length < charsMin || !text.startsWith(first) || !text.endsWith(last)) return false;
    let index = first.length;
    for (const part of middle) {
      const found = text.indexOf(part, index);
      if (found < 0) return false;
      index = found + part.length;
    }
    return index <= text.length - last.length;
  };
}
