import { expect, test } from 'vitest';
import type { BenchPage } from '../../src/app/bench';
import { tolerance } from '../../src/bench/denoiser';
import { launchChromium, servePage } from '../../src/cli/chromium';

test('WebAssembly in a page predicts what PyTorch predicts', { timeout: 200_000 }, async () => {
  const server = await servePage('src/app/bench.html', {
    model: 'models/default',
    text: 'models/text',
  });
  const browser = await launchChromium('software');
  const page = await browser.newPage();
  await page.goto(`${server.url}src/app/bench.html`);
  const request = { kind: 'cpu', threads: 1, model: `${server.url}model` } as const;
  const { differences, runtime } = await page.evaluate(
    (task) => (window as unknown as BenchPage).measure(task),
    request,
  );
  expect(runtime).toBe('onnxruntime-web, wasm, 1 thread');
  expect(differences).toHaveLength(5);
  for (const { max } of differences) expect(max).toBeLessThan(tolerance);

  const refused = page.evaluate((task) => (window as unknown as BenchPage).measure(task), {
    ...request,
    model: `${server.url}nowhere`,
  });
  await expect(refused).rejects.toThrow(/nowhere\/manifest.json is (missing|not JSON)/);
  await browser.close();
  await server.close();
});
