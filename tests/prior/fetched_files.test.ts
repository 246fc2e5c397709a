import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { FetchedFiles } from '../../src/prior/fetched_files';
import { type FileStore, readVerified } from '../../src/prior/files';

const whole = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7) % 251));
let server: Server | undefined;
/** The ranges that were asked for. */
let ranges: (string | undefined)[] = [];

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Serves the file, breaking off the first answers at half of what they were to be. */
async function serve({ cuts, knowsRanges }: { cuts: number; knowsRanges: boolean }) {
  ranges = [];
  server = createServer((request, response) => {
    const { range } = request.headers;
    ranges.push(range);
    const from = knowsRanges && range ? Number(/^bytes=(\d+)-$/.exec(range)?.[1]) : 0;
    const rest = whole.subarray(from);
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': rest.length });
    if (ranges.length > cuts) response.end(rest);
    else response.write(rest.subarray(0, rest.length >> 1), () => response.destroy());
  });
  await new Promise<void>((ready) => server!.listen(0, '127.0.0.1', ready));
  return new FetchedFiles(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}

test('a download that breaks off goes on where it ended', async () => {
  const files = await serve({ cuts: 2, knowsRanges: true });
  const received: number[] = [];
  const bytes = await files.read('x', (count, total) => {
    expect(total).toBe(whole.length);
    received.push(count);
  });
  expect(whole.equals(bytes)).toBe(true);
  expect(ranges[0]).toBeUndefined();
  expect(ranges).toHaveLength(3);
  expect(received).toEqual([...received].sort((a, b) => a - b));
});

test('from a server that knows no ranges it begins anew', async () => {
  const files = await serve({ cuts: 1, knowsRanges: false });
  expect(whole.equals(await files.read('x'))).toBe(true);
});

test('one that breaks off again and again is an error in words', async () => {
  const files = await serve({ cuts: 100, knowsRanges: true });
  await expect(files.read('x')).rejects.toThrow(/The download of .*\/x broke off after \d+ bytes/);
  expect(ranges).toHaveLength(3);
});

test('a store is asked first, and what it has damaged is fetched anew', async () => {
  const digest = await crypto.subtle.digest('SHA-256', whole);
  const entry = { path: 'x', bytes: whole.length, sha256: Buffer.from(digest).toString('hex') };
  const kept = new Map<string, Uint8Array<ArrayBuffer>>();
  const store: FileStore = {
    get: async (sha256) => kept.get(sha256),
    put: async (sha256, bytes) => void kept.set(sha256, bytes),
  };
  const fetched = await serve({ cuts: 0, knowsRanges: true });
  const files = { store, read: fetched.read.bind(fetched) };
  for (let i = 0; i < 2; i++) expect(whole.equals(await readVerified(files, entry))).toBe(true);
  expect(ranges).toHaveLength(1);
  kept.set(entry.sha256, new Uint8Array(3));
  expect(whole.equals(await readVerified(files, entry))).toBe(true);
  expect(ranges).toHaveLength(2);
  expect(whole.equals(kept.get(entry.sha256)!)).toBe(true);
});
