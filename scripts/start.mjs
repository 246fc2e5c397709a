/** `npm start`: sets the machine up, builds the page, serves it and opens it. Ctrl-C stops it. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findAdapter } from './setup/adapter.mjs';
import { ensureChromium, softwareAdapterFlags } from './setup/browser.mjs';
import { ensurePackages } from './setup/npm.mjs';
import { cache, root } from './setup/paths.mjs';
import { onPath, orExit, say } from './setup/process.mjs';

const usage = 'npm start -- [--port <number>] [--host <address>] [--no-open]';
const { port, host, open } = options();

orExit(ensurePackages);
const { build, preview } = await import('vite');
await build({ root, logLevel: 'warn' });
const server = await preview({ root, preview: { port, ...(host && { host }) } });
server.printUrls();
const address = server.resolvedUrls?.local[0] ?? server.resolvedUrls?.network[0];
if (address && open && hasScreen()) show(address);
console.log('  Ctrl-C stops it.');

/** The command line's options; ends the program with its usage if they make no sense. */
function options() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: '4173' },
        host: { type: 'string' },
        'no-open': { type: 'boolean', default: false },
      },
    });
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 0 || port > 65535)
      throw new Error(`no port: ${values.port}`);
    return { port, host: values.host, open: !values['no-open'] };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\nusage: ${usage}`);
    return process.exit(2);
  }
}

function hasScreen() {
  return (
    process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY)
  );
}

/**
 * Opens the page: in the default browser, or, where there is no GPU, in a Chromium that is told to do without.
 *
 * @param {string} url
 */
function show(url) {
  const [command, ...args] = opener(url);
  spawn(/** @type {string} */ (command), args, { detached: true, stdio: 'ignore' })
    .on('error', (error) => say(`cannot open a browser (${error.message}): open ${url} yourself`))
    .unref();
}

/** @param {string} url */
function opener(url) {
  if (process.platform === 'darwin') return ['open', url];
  if (process.platform === 'win32') return ['cmd', '/c', 'start', '', url];
  const adapter = findAdapter();
  if (adapter && !adapter.software && onPath('xdg-open')) return ['xdg-open', url];
  // A profile of its own: a browser that is already running would ignore the flags.
  const flags = ['--no-first-run', `--user-data-dir=${join(cache, 'browser')}`];
  if (!adapter || adapter.software) flags.push(...softwareAdapterFlags);
  // Chromium's sandbox refuses root.
  if (process.getuid?.() === 0) flags.push('--no-sandbox');
  return [orExit(ensureChromium), ...flags, url];
}
