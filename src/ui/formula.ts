/** A formula of the methods' table as nodes of a page: `_φ` is a subscript, and no line ends among arguments. */
export function formulaNodes(formula: string): (string | HTMLElement)[] {
  return formula
    .replace(/([;,]) /g, '$1\u00a0')
    .split(/_(\p{L})/u)
    .map((part, i) =>
      i % 2 === 0 ? part : Object.assign(document.createElement('sub'), { textContent: part }),
    );
}
