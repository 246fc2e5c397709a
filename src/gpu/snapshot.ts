import { LimbeckError } from '../errors';

/** The types of numbers that a snapshot holds, named as safetensors does. */
export const arrayTypes = {
  F32: Float32Array<ArrayBuffer>,
  I32: Int32Array<ArrayBuffer>,
  U32: Uint32Array<ArrayBuffer>,
  U8: Uint8Array<ArrayBuffer>,
} as const;

export type Dtype = keyof typeof arrayTypes;

type ArrayOf<D extends Dtype> = InstanceType<(typeof arrayTypes)[D]>;

/** The state of an owner of GPU buffers: arrays by name, flattened. The owner knows their shapes and types. */
export type Snapshot = Readonly<Record<string, ArrayOf<Dtype>>>;

/** The type of an array's numbers; undefined for one that no snapshot holds. */
export function dtypeOf(array: ArrayBufferView): Dtype | undefined {
  return (Object.keys(arrayTypes) as Dtype[]).find((dtype) => array instanceof arrayTypes[dtype]);
}

/**
 * An array of a snapshot that is to be restored.
 * @param dtype and length: what its owner would have saved.
 * @param owner for errors, as in "The field".
 * @throws LimbeckError when the array is missing, of another type or of another length.
 */
export function storedArray<D extends Dtype>(
  snapshot: Snapshot,
  name: string,
  dtype: D,
  length: number,
  owner: string,
): ArrayOf<D> {
  const found = snapshot[name];
  if (found && dtypeOf(found) === dtype && found.length === length) return found as ArrayOf<D>;
  const has = found ? `${dtypeOf(found)} [${found.length}]` : 'none';
  throw new LimbeckError(
    `${owner} takes '${name}' as ${dtype} [${length}], and the snapshot has ${has}.`,
    'Restore it with the settings that it was saved with.',
  );
}

/** A snapshot under a prefix: `<prefix>.<name>`. */
export const prefixed = (prefix: string, snapshot: Snapshot): Snapshot =>
  Object.fromEntries(Object.entries(snapshot).map(([name, array]) => [`${prefix}.${name}`, array]));

/** The part of a snapshot that is under a prefix, without it. */
export const unprefixed = (prefix: string, snapshot: Snapshot): Snapshot =>
  Object.fromEntries(
    Object.entries(snapshot)
      .filter(([name]) => name.startsWith(`${prefix}.`))
      .map(([name, array]) => [name.slice(prefix.length + 1), array]),
  );
