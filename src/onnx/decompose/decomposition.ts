/** What reads an operator as plainer ones. */

import type { Expressions } from '../build/expressions';
import type { Node } from '../graph/graph';

/**
 * Emits what stands for a node: its results take the names of the node's outputs.
 * @returns false, with nothing emitted, where the node stays as it is.
 */
export type Decomposition = (g: Expressions, node: Node) => boolean;
