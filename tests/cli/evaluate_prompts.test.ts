import { describe, expect, test } from 'vitest';
import { promptsOf, readPrompts } from '../../src/cli/evaluate/prompts';

describe('a file of prompts', () => {
  test('is read without empty lines, remarks and repeats', async () => {
    const lines = ['\uFEFFa tree', '', '  a house ', '# a remark', 'a tree', '\t', 'a tree'];
    expect(await promptsOf('p.txt', lines)).toEqual({
      prompts: [{ prompt: 'a tree' }, { prompt: 'a house' }],
      notes: ['p.txt: 2 repeated lines left out.'],
    });
  });

  test('that has a line that is no prompt is refused, naming the line', async () => {
    await expect(promptsOf('p.txt', ['a tree', 'x'.repeat(2000)])).rejects.toThrow(
      /p.txt, line 2, is no prompt: The prompt has 2000 characters/,
    );
    await expect(promptsOf('p.txt', ['\u0000PNG'])).rejects.toThrow(/line 1, is no prompt/);
  });

  test('may be judged by other captions', async () => {
    const { prompts } = await promptsOf('p.txt', ['a kitten => a cat', 'a tree']);
    expect(prompts).toEqual([{ prompt: 'a kitten', caption: 'a cat' }, { prompt: 'a tree' }]);
    for (const half of ['=> a cat', 'a kitten =>']) {
      await expect(promptsOf('p.txt', [half])).rejects.toThrow(/p.txt, line 1, is no prompt/);
    }
  });

  test('without any is refused', async () => {
    await expect(promptsOf('p.txt', ['', '# none'])).rejects.toThrow('p.txt has no prompts');
  });

  test('of a million lines is refused before it is read to its end', async () => {
    let read = 0;
    function* million() {
      for (; read < 1_000_000; read++) yield `a tree of ${read} apples`;
    }
    await expect(promptsOf('p.txt', million())).rejects.toThrow(/more than 10000 prompts/);
    expect(read).toBeLessThan(10_100);
  });

  test('of a million repeats is one prompt', async () => {
    const { prompts } = await promptsOf('p.txt', Array(1_000_000).fill('a tree'));
    expect(prompts).toEqual([{ prompt: 'a tree' }]);
  });

  test('that ships covers the categories with twenty prompts', async () => {
    const { prompts, notes } = await readPrompts('models/prompts.txt');
    expect(prompts).toHaveLength(20);
    expect(notes).toEqual([]);
  });
});
