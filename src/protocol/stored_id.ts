import type { StoredId } from './messages';

/** A name for a run in the browser's storage: those made later come later. */
export const newStoredId = (now = Date.now()): StoredId =>
  `${now.toString(36)}-${Math.random().toString(36).slice(2, 8).padEnd(6, '0')}`;

/** Whether it is a name that `newStoredId` gives; anything else in the storage is not ours. */
export const isStoredId = (name: string): boolean => /^[\da-z]+-[\da-z]{6}$/.test(name);
