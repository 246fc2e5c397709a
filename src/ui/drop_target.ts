import type { NamedFile } from '../protocol/messages';
import { droppedFiles } from './brought_files';

export interface DropListeners {
  readonly take: (files: readonly NamedFile[]) => void;
  readonly refuse: (message: string) => void;
}

/** Lets files and folders be dropped anywhere on the page. @param sign is shown while they are held over it. */
export function setUpDropTarget(sign: HTMLElement, { take, refuse }: DropListeners): void {
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
  addEventListener('dragover', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    sign.hidden = false;
  });
  addEventListener('dragleave', (event) => {
    // It leaves an element for another all the time, and the page for nothing.
    if (event.relatedTarget === null) sign.hidden = true;
  });
  addEventListener('drop', (event) => {
    sign.hidden = true;
    if (!event.dataTransfer || !hasFiles(event)) return;
    event.preventDefault();
    droppedFiles(event.dataTransfer).then(take, (error: Error) =>
      refuse(`What was dropped cannot be read: ${error.message}`),
    );
  });
}
