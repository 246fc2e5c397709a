import type { RunId } from '../protocol/messages';

/** The id of the run at a place in the row: its pane and its colour go by it, whatever its method. */
export const runIdAt = (place: number): RunId => String(place + 1);
