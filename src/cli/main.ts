import { hasRemedy, inWords, LimbeckError } from '../errors';
import { bench } from './bench';
import { evaluate } from './evaluate/evaluate';
import { fit } from './fit';
import { generate } from './generate';
import { lab } from './lab';
import { closeNodeGpu } from './node_gpu';
import { sample } from './sample';

const unforeseen =
  'This was not foreseen: try it again, and report it with the lines above if that does not help.';

const commands: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  bench,
  evaluate,
  generate,
  sample,
  fit,
  lab,
};

async function main([name = '', ...args]: readonly string[]): Promise<void> {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) {
    const known = Object.keys(commands).join(', ');
    throw new LimbeckError(`Unknown command '${name}'.`, `There are ${known}.`);
  }
  await command(args);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  // What a library throws need not be an Error and then has no stack.
  const stack = hasRemedy(error) ? '' : `${(error as Partial<Error>).stack ?? ''}\n\n`;
  process.stderr.write(`\n${stack}${inWords(error, unforeseen)}\n`);
  process.exitCode = 1;
} finally {
  closeNodeGpu();
}
