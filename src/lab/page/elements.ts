/** What a page of the lab is made of. */

type Child = Node | string;

/** An element with attributes and children; `class` and `data-…` are attributes too. */
export function html<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** The same of SVG. */
export function svg<K extends keyof SVGElementTagNameMap>(
  name: K,
  attributes: Readonly<Record<string, string | number>> = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/** A button that does something. */
export function button(label: string, act: () => void, title = label): HTMLButtonElement {
  const element = html('button', { type: 'button', title }, label);
  element.addEventListener('click', act);
  return element;
}

/** A colour of the style sheet, `--copper`, as a canvas takes it. */
export function colourOf(element: Element, name: string): string {
  const probe = html('i', { hidden: '' });
  element.append(probe);
  probe.style.color = `var(${name})`;
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
