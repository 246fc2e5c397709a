import { unzipSync } from 'fflate';
import { expect, test } from 'vitest';
import { archived, zip } from '../src/zip';

const file = (name: string, text: string) => ({ name, bytes: new TextEncoder().encode(text) });
const files = [file('mesh.obj', 'v 0 0 0\n'.repeat(1000)), file('mesh.png', 'a picture')];

test('an archive holds its files, in order, and is smaller than text', () => {
  const bytes = zip(files);
  expect(bytes.length).toBeLessThan(files[0]!.bytes.length / 4);
  const found = unzipSync(bytes);
  expect(Object.keys(found)).toEqual(['mesh.obj', 'mesh.png']);
  for (const { name, bytes } of files) expect(found[name]).toEqual(bytes);
});

test('the same files give the same bytes', () => {
  expect(zip(files)).toEqual(zip(files));
});

test('one file needs no archive, several become one', () => {
  expect(archived([files[1]!], 'chair')).toEqual([files[1]]);
  expect(archived(files, 'chair').map(({ name }) => name)).toEqual(['chair.zip']);
  expect(archived(files).map(({ name }) => name)).toEqual(['mesh.zip']);
  expect(archived([], 'chair')).toEqual([]);
});
