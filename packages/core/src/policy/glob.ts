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

/** Whether some text is matched by both globs. Its time grows with the product of their lengths. */
export function mayShareText(left: string, right: string): boolean {
  /** For each end of `right`, whether it shares a text with the end of `left` that is looked at. */
  let shared = endsOfNothing(right);
  for (let at = left.length - 1; at >= 0; at--) {
    const next = new Array<boolean>(right.length + 1).fill(false);
    next[right.length] = left[at] === "*" && shared[right.length] === true;
    for (let other = right.length - 1; other >= 0; other--) {
      const isStar = left[at] === "*" || right[other] === "*";
      next[other] = isStar
        ? shared[other] === true || next[other + 1] === true
        : left[at] === right[other] && shared[other + 1] === true;
    }
    shared = next;
  }
  return shared[0] === true;
}

/** An empty text is shared with what consists of stars alone. */
function endsOfNothing(glob: string): boolean[] {
  return Array.from({ length: glob.length + 1 }, (_, at) => /^\**$/.test(glob.slice(at)));
}
