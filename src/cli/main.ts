import { OnnxError } from '#onnx';
import { NonFiniteGradientError } from '../generator/generator';
import { NoAdapterError } from '../gpu/device';
import { EmptyFieldError } from '../mesh/solid/iso';
import { ObjectError } from '../object/object_mesh';
import { NonFiniteLossError } from '../prior/fake_score';
import { ModelFileError } from '../prior/files';
import { ManifestError } from '../prior/manifest';
import { ModelError } from '../runtime/signature';
import { SettingsError } from '../settings';
import { CheckpointError } from '../train/checkpoint';
import { bench } from './bench';
import { fit } from './fit';
import { generate } from './generate';
import { closeNodeGpu } from './node_gpu';
import { OutputError } from './output';
import { sample } from './sample';

/** Errors that are about the input or the machine: their message is all that the user needs. */
const expected = [
  SettingsError,
  ModelFileError,
  ManifestError,
  ModelError,
  OnnxError,
  NonFiniteLossError,
  NoAdapterError,
  CheckpointError,
  NonFiniteGradientError,
  EmptyFieldError,
  ObjectError,
  OutputError,
  RangeError,
];

const commands: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  bench,
  generate,
  sample,
  fit,
};

async function main([name = '', ...args]: readonly string[]): Promise<void> {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) {
    const known = Object.keys(commands).join(', ');
    throw new SettingsError(`Unknown command '${name}': there are ${known}.`);
  }
  await command(args);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const known = expected.some((kind) => error instanceof kind);
  // What a library throws need not be an Error and then has no stack.
  const { message, stack = message } = error as Error;
  process.stderr.write(`\n${known ? message : stack}\n`);
  process.exitCode = 1;
} finally {
  closeNodeGpu();
}
