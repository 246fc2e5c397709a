import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { ensureRedis } from '../../scripts/setup/redis.mjs';

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (typeof address !== 'object' || !address) throw new Error('This server has no port.');
  return address.port;
}

/** A Redis of a test's own, which can be stopped and started again with what it holds. */
export class TestRedis {
  readonly url: string;
  readonly #arguments: readonly string[];
  #server: ChildProcess | undefined;

  private constructor(port: number, folder: string) {
    this.url = `redis://127.0.0.1:${port}`;
    this.#arguments = [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
      ...['--save', '', '--appendonly', 'yes', '--appendfsync', 'always'],
    ];
  }

  /** Installs Redis where it is missing. @param folder for what it holds. */
  static async start(folder: string): Promise<TestRedis> {
    const redis = new TestRedis(await freePort(), folder);
    await redis.start();
    return redis;
  }

  async start(): Promise<void> {
    const server = spawn(ensureRedis(), this.#arguments, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#server = server;
    let said = '';
    for await (const part of server.stdout) {
      said += part;
      if (said.includes('Ready to accept connections')) break;
    }
    if (server.exitCode !== null) throw new Error(`Redis ended: ${said}`);
    server.stdout.destroy();
  }

  async stop(): Promise<void> {
    if (!this.#server || this.#server.exitCode !== null) return;
    const ended = once(this.#server, 'exit');
    this.#server.kill('SIGTERM');
    await ended;
  }
}
