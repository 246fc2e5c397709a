/** A formula of the methods' table as nodes of a page: `_φ` is a subscript, and no line ends within parentheses. */
export function formulaNodes(formula: string): (string | HTMLElement)[] {
  return keptTogether(formula)
    .split(/_(\p{Lu}{2,}|\p{L})/u)
    .map((part, i) =>
      i % 2 === 0 ? part : Object.assign(document.createElement('sub'), { textContent: part }),
    );
}

/** The same text, its spaces within parentheses such that no line ends at them. */
function keptTogether(formula: string): string {
  let depth = 0;
  return [...formula]
    .map((letter) => {
      if (letter === '(') depth++;
      if (letter === ')') depth--;
      return letter === ' ' && depth > 0 ? '\u00a0' : letter;
    })
    .join('');
}
