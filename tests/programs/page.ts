import type { Seen } from './programs';

/** What a program says of a file. */
export interface Row extends Seen {
  readonly file: string;
  readonly program: string;
}

const about = `# Exports

How exports arrive in the programs that people use. \`npm run check:exports\` writes the table: it installs these
programs, exports one figure in every way, and lets each program read it. docs/settings.md lists the settings
(\`mesh.*\`); docs/method.md says how colours get onto a mesh.

| format | for | up, unit | colours |
| --- | --- | --- | --- |
| GLB | nearly everything | y, metre | texture; vertex colours with \`--mesh.texture 0\` |
| OBJ, MTL, PNG | older programs | y, not said | texture; vertex colours with \`--mesh.texture 0\` |
| PLY | point and mesh tools | y, not said | vertex colours |
| STL | printers | z, millimetre by custom | none |
| 3MF | printers | z, millimetre | a colour at each corner |
| USDZ | phones, Apple's above all; OpenUSD | y, metre | texture; vertex colours with \`--mesh.texture 0\` |

The longest side of an object is about two units of the field, two metres. STL and 3MF are \`--mesh.millimetres\`
high and stand on the bed. A USDZ stands on y = 0, where augmented reality has the floor.

**Which to take.** GLB, as it is. Some programs want help:

- *Blender* reads all but 3MF and meshopt. It takes a PLY as it lies: choose *Forward -Z* and *Up Y* in its import.
  To see colours as they were distilled, set the view transform to *Standard*.
- *Slicers* read STL and 3MF. Those that print one colour ignore the colours of a 3MF.
- *Web pages*: \`--mesh.compression meshopt\` is the smallest; three.js wants \`setMeshoptDecoder\`.
- Colours that no light changes: \`--mesh.unlit true\`.

The figure is 1.1 units wide, 1.45 high and 0.9 deep. Of each file: the box in which the program sees it, rounded, its
triangles, its longest side (which is up), and the unit that the program names.

`;

const number = (value: number) => String(Number(value.toFixed(2)) + 0);

function cells({ file, program, box: [low, high], triangles, unit = '', up }: Row): string[] {
  const range = (axis: number) => `${number(low[axis]!)} … ${number(high[axis]!)}`;
  const sides = low.map((value, axis) => high[axis]! - value);
  const longest = 'xyz'[sides.indexOf(Math.max(...sides))]!;
  return [
    `\`${file}\``,
    program,
    ...[0, 1, 2].map(range),
    triangles.toLocaleString('en'),
    up ?? longest,
    unit,
  ];
}

const line = (row: readonly string[]) => `| ${row.join(' | ')} |`;

/** The page docs/exports.md. */
export function exportsPage(rows: readonly Row[]): string {
  const titles = ['file', 'program', 'x', 'y', 'z', 'triangles', 'up', 'unit'];
  const sorted = [...rows].sort(
    (a, b) => a.file.localeCompare(b.file) || a.program.localeCompare(b.program),
  );
  const table = [titles, titles.map(() => '---'), ...sorted.map(cells)].map(line);
  return `${about}${table.join('\n')}\n`;
}
