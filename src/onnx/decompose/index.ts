/** Every operator that is read as plainer ones. */
import { entryOf, type Node } from '../graph/graph';
import { standardAttention } from './attention';
import { contrib, unofficial } from './contrib';
import type { Decomposition } from './decomposition';
import { standard } from './standard';

const DOMAINS: Readonly<Record<string, Readonly<Record<string, Decomposition>>>> = {
  '': { ...standard, ...standardAttention, ...unofficial },
  'com.microsoft': contrib,
};

/** What reads a node as plainer ones, if anything does. */
export function decompositionOf(node: Node): Decomposition | undefined {
  return entryOf(entryOf(DOMAINS, node.domain) ?? {}, node.op);
}
