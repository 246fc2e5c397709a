import type { NamedFile } from '../protocol/messages';

/** The most files that are looked through: who drops a whole disk is told so. */
const most = 5000;

/** Files that were chosen, alone or with their folder. */
export const chosenFiles = (files: FileList): NamedFile[] =>
  [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));

/**
 * Files that were dropped, and those in folders that were. To be called while the drop is heard of: what was dropped
 * is out of reach afterwards.
 * @throws Error saying why they cannot be read.
 */
export async function droppedFiles({ items, files }: DataTransfer): Promise<NamedFile[]> {
  const entries = [...items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  if (entries.length === 0) return chosenFiles(files);
  const found: NamedFile[] = [];
  for (let next = entries.shift(); next; next = entries.shift()) {
    if (next.isDirectory) entries.push(...(await entriesIn(next as FileSystemDirectoryEntry)));
    else found.push(await fileOf(next as FileSystemFileEntry));
    if (found.length + entries.length > most) {
      throw new Error(
        `There are more than ${most.toLocaleString('en')} files. Drop the object's own folder.`,
      );
    }
  }
  return found;
}

/** All entries of a folder, of which a browser gives some at a time. */
async function entriesIn(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0 || all.length > most) return all;
    all.push(...some);
  }
}

async function fileOf(entry: FileSystemFileEntry): Promise<NamedFile> {
  const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
  return { path: entry.fullPath.replace(/^\//, ''), file };
}
