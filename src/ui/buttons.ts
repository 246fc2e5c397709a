import { setText } from './dom';

/** Milliseconds in which a button says what it did. */
const said = 2500;

/** A button that copies the page's address. */
export function setUpLinkButton(button: HTMLElement): void {
  button.addEventListener('click', () =>
    copyText(button, location.href, 'Copy it from the address bar'),
  );
}

/** Copies a text, and says on the button whether it could. */
export async function copyText(
  button: HTMLElement,
  text: string,
  otherwise: string,
): Promise<void> {
  const label = button.dataset.label ?? button.textContent ?? '';
  button.dataset.label = label;
  setText(button, (await copy(text)) ? 'Link copied' : otherwise);
  setTimeout(() => setText(button, label), said);
}

const copy = (text: string): Promise<boolean> =>
  (navigator.clipboard?.writeText(text) ?? Promise.reject()).then(
    () => true,
    () => false,
  );

export interface FileListeners {
  readonly take: (bytes: Uint8Array<ArrayBuffer>) => void;
  readonly refuse: (message: string) => void;
}

/** A button that asks for a file, and for another when the same is chosen again. */
export function setUpFileButton(
  button: HTMLElement,
  picker: HTMLInputElement,
  { take, refuse }: FileListeners,
): void {
  button.addEventListener('click', () => picker.click());
  picker.addEventListener('change', async () => {
    const file = picker.files?.[0];
    if (!file) return;
    try {
      take(new Uint8Array(await file.arrayBuffer()));
    } catch (error) {
      const why = (error as Error).message;
      refuse(`${file.name} cannot be read: ${why} Choose it again.`);
    }
    picker.value = '';
  });
}
