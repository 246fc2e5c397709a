import { spawn, spawnSync } from 'node:child_process';
import { constants as access, accessSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';

/** Progress goes to stderr: stdout belongs to the program that is being set up. */
export const say = (/** @type {string} */ line) => console.error(`[setup] ${line}`);

/**
 * Runs a command, such as an installer, and waits for it. Shows its errors as they come, the rest if it fails.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @throws {Error} naming the command, if it cannot start or its exit status is not 0
 */
export function run(command, args, { cwd, env } = {}) {
  const { error, status, signal, stdout } = spawnSync(command, args, {
    stdio: ['inherit', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
    maxBuffer: Number.POSITIVE_INFINITY,
    shell: needsShell(command),
    ...(cwd && { cwd }),
  });
  if (error) throw error;
  if (status === 0) return;
  process.stderr.write(stdout);
  throw new Error(`${[command, ...args].join(' ')}: ${signal ?? `exit ${status}`}`);
}

/**
 * The standard output of a command; empty if it cannot start or fails.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env] added to this process's environment
 */
export function outputOf(command, args, env) {
  const { status, stdout } = statusOf(command, args, env);
  return status === 0 ? stdout : '';
}

/**
 * The exit status of a command and its standard output; its errors are not shown.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env] added to this process's environment
 */
export function statusOf(command, args, env) {
  return spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ...env },
  });
}

/**
 * Tries up to three times, because mirrors drop connections.
 *
 * @param {string} what named in the progress lines
 * @param {(attempt: number) => void} attempt gets 0, 1, 2; throws to be tried again
 * @throws {Error} the last attempt's error
 */
export function retry(what, attempt) {
  const attempts = 3;
  for (let i = 0; ; i++) {
    try {
      return attempt(i);
    } catch (error) {
      if (i === attempts - 1) throw error;
      say(`${what} failed (${error instanceof Error ? error.message : error}); trying again`);
    }
  }
}

/**
 * Runs a program in this terminal until it ends. Ctrl-C reaches the program, which decides what it means.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env] added to this process's environment
 * @returns {Promise<number>} the exit status; 128 + signal number if a signal ended it
 */
export function runHere(command, args, env) {
  const child = spawn(command, args, {
    stdio: 'inherit',
    env: { ...process.env, ...env },
    shell: needsShell(command),
  });
  const ignore = () => {};
  const terminate = () => child.kill('SIGTERM');
  process.on('SIGINT', ignore).on('SIGTERM', terminate);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      process.off('SIGINT', ignore).off('SIGTERM', terminate);
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
}

/**
 * On Windows `npm` is a script, which only a shell can start.
 *
 * @param {string} command
 */
const needsShell = (command) => process.platform === 'win32' && command === 'npm';

/**
 * What an action returns. If it throws, says why, without a stack, and ends this process with exit status 1.
 *
 * @template T
 * @param {() => T} action
 * @param {() => void} [lastWords] called before the process ends
 * @returns {T}
 */
export function orExit(action, lastWords) {
  try {
    return action();
  } catch (error) {
    for (let reason = error; reason instanceof Error; reason = reason.cause) say(reason.message);
    lastWords?.();
    process.exit(1);
  }
}

/**
 * Where a program lies on PATH.
 *
 * @param {string} name
 * @returns {string | undefined}
 */
export function onPath(name) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/** @param {string} path */
export function isExecutable(path) {
  try {
    accessSync(path, access.X_OK);
    return true;
  } catch {
    return false;
  }
}
