import { readFile } from 'node:fs/promises';
import { ModelFileError } from '../diffusion/files';
import { ManifestError } from '../diffusion/manifest';
import { ModelError } from '../diffusion/signature';
import { NoAdapterError } from '../gpu/device';
import { EmptyFieldError } from '../mesh/extract';
import { SettingsError } from '../settings';
import { CheckpointError } from '../train/checkpoint';
import { checkpointSettings } from '../train/run';
import { NonFiniteGradientError } from '../train/trainer';
import { generate } from './generate';
import { closeNodeGpu } from './node_gpu';
import { helpText, parseOptions, resumeFile } from './options';
import { OutputError } from './output';

/** Errors that are about the input or the machine: their message is all that the user needs. */
const expected = [
  SettingsError,
  ModelFileError,
  ManifestError,
  ModelError,
  NoAdapterError,
  CheckpointError,
  NonFiniteGradientError,
  EmptyFieldError,
  OutputError,
  RangeError,
];

async function main(args: readonly string[]): Promise<void> {
  const resume = resumeFile(args);
  const checkpoint = resume === '' ? undefined : await readCheckpointFile(resume);
  const options = parseOptions(args, checkpoint && checkpointSettings(checkpoint));
  if (options.help) {
    process.stdout.write(`${helpText()}\n`);
    return;
  }
  await generate(options, checkpoint);
}

async function readCheckpointFile(path: string): Promise<Uint8Array> {
  return readFile(path).catch((error: Error) => {
    throw new CheckpointError(`${path} cannot be read: ${error.message}. Check --resume.`);
  });
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const known = expected.some((kind) => error instanceof kind);
  process.stderr.write(`\n${known ? (error as Error).message : (error as Error).stack}\n`);
  process.exitCode = 1;
} finally {
  closeNodeGpu();
}
