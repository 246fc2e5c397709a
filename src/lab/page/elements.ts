/** What a page of the lab is made of. */
import { LimbeckError } from '../../errors';

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

/** A button that puts the page's address on the clipboard, and says so. */
export function linkButton(failed: (error: unknown) => void): HTMLButtonElement {
  const copy = button('Copy link', () => {
    // Pages without a secure origin have no clipboard.
    Promise.resolve(navigator.clipboard?.writeText(location.href) ?? Promise.reject(noClipboard))
      .then(() => {
        copy.textContent = 'Copied';
        setTimeout(() => {
          copy.textContent = 'Copy link';
        }, 1500);
      })
      .catch(failed);
  });
  return copy;
}

const noClipboard = new LimbeckError(
  'This page has no clipboard.',
  'Copy the address from the browser’s own bar: it holds everything.',
);

/** Colours that were looked up, until the scheme changes. */
const known = new Map<string, string>();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => known.clear());

/**
 * A colour of the style sheet, `--copper`, as a canvas takes it.
 * @param element in the page: elsewhere there are no colours.
 */
export function colourOf(element: Element, name: string): string {
  const found = known.get(name);
  if (found !== undefined) return found;
  const probe = html('i', { hidden: '' });
  element.append(probe);
  probe.style.color = `var(${name})`;
  const { color } = getComputedStyle(probe);
  probe.remove();
  if (element.isConnected) known.set(name, color);
  return color;
}
