/** The element that `selector` names under `root`. @throws when the page lacks it. */
export function find<T extends Element = HTMLElement>(root: ParentNode, selector: string): T {
  const element = root.querySelector<T>(selector);
  if (!element) throw new Error(`The page has no '${selector}'.`);
  return element;
}

/** A copy of the only element in the page's `<template id="name">`. */
export function instantiate(name: string): HTMLElement {
  const template = find<HTMLTemplateElement>(document, `template#${name}`);
  return find(template.content.cloneNode(true) as DocumentFragment, '*');
}

/** Sets a text that may often be the same: a node that does not change is not laid out again. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Hands a file to the browser's downloads. */
export function download(name: string, bytes: Uint8Array<ArrayBuffer>): void {
  const url = URL.createObjectURL(new Blob([bytes]));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has read the address by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
