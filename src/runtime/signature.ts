import type { InferenceSession } from 'onnxruntime-web';
import { LimbeckError } from '../errors';

/** Shapes of a model's float32 inputs and outputs; a model may have further outputs. */
export interface Signature {
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly outputs: Readonly<Record<string, readonly number[]>>;
}

/** What onnxruntime says of an operator that it does not have, in its several forms. */
const missingOperator = [
  /Fatal error: (?:[\w.]*:)?(\w+)\([\d-]+\) is not a registered function\/op/,
  /No Op registered for (\w+)/,
  /Could not find an implementation for (?:[\w.]*:)?(\w+)/,
];

/** onnxruntime's error on creating a session, in words of the model. */
export function describeLoadError(name: string, error: unknown): LimbeckError {
  const message = error instanceof Error ? error.message : String(error);
  const operator = missingOperator.map((form) => form.exec(message)?.[1]).find(Boolean);
  if (operator) {
    return new LimbeckError(
      `${name} uses the operator '${operator}', which onnxruntime lacks (${message}).`,
      'Export the model without it.',
    );
  }
  return new LimbeckError(
    `${name} is not a model that onnxruntime can load (${message}).`,
    'Download or export it again.',
  );
}

/**
 * Compares a session with what its caller will feed and fetch.
 * @throws LimbeckError naming the first tensor that is missing, superfluous or shaped otherwise.
 */
export function checkSignature(
  name: string,
  session: InferenceSession,
  signature: Signature,
  dimensions: Readonly<Record<string, number>>,
): void {
  check(name, 'input', session.inputMetadata, signature.inputs, dimensions);
  check(name, 'output', session.outputMetadata, signature.outputs, dimensions);
  const extra = session.inputNames.find((input) => !(input in signature.inputs));
  if (extra) {
    throw new LimbeckError(
      `${name} asks for an input '${extra}' that its manifest does not explain.`,
      'Export it again.',
    );
  }
}

function check(
  name: string,
  kind: 'input' | 'output',
  found: readonly InferenceSession.ValueMetadata[],
  wanted: Signature['inputs'],
  dimensions: Readonly<Record<string, number>>,
): void {
  for (const [tensor, shape] of Object.entries(wanted)) {
    const metadata = found.find((candidate) => candidate.name === tensor);
    if (!metadata?.isTensor) {
      const names = found.map((candidate) => `'${candidate.name}'`).join(', ');
      throw new LimbeckError(
        `${name} has no ${kind} '${tensor}' (it has ${names}).`,
        'Export it with the names of models/README.md.',
      );
    }
    // A dimension without a name or with one that nobody fixed fits anything.
    const actual = metadata.shape.map((dim) =>
      typeof dim === 'string' ? (dimensions[dim] ?? dim) : dim,
    );
    const fits =
      actual.length === shape.length &&
      actual.every((dim, i) => typeof dim === 'string' || dim === shape[i]);
    if (!fits) {
      throw new LimbeckError(
        `${name}: ${kind} '${tensor}' has shape [${actual}], but the manifest's sizes make it [${shape}]: ` +
          'the manifest belongs to another model.',
        'Export both again.',
      );
    }
  }
}
