/** Curves and pictures as files. */
import { download } from '../../ui/dom';

/** Columns of equal or lesser length as CSV. */
export function csv(columns: Readonly<Record<string, readonly (number | string)[]>>): string {
  const names = Object.keys(columns);
  const rows = Math.max(0, ...names.map((name) => columns[name]!.length));
  const cell = (value: number | string | undefined) => {
    if (typeof value === 'number') return Number.isFinite(value) ? String(value) : '';
    return value === undefined ? '' : `"${value.replaceAll('"', '""')}"`;
  };
  const lines = Array.from({ length: rows }, (_, i) =>
    names.map((name) => cell(columns[name]![i])).join(','),
  );
  return `${[names.map((name) => cell(name)).join(','), ...lines].join('\n')}\n`;
}

export const saveText = (name: string, text: string): void =>
  download(name, new TextEncoder().encode(text));

/** What a style sheet gives to a picture, which stands alone in a file. */
const kept = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-opacity',
  'opacity',
  'font',
  'text-anchor',
];

/** A picture of the page as an SVG file that looks the same by itself. */
export function saveSvg(name: string, picture: SVGSVGElement): void {
  const copy = picture.cloneNode(true) as SVGSVGElement;
  const originals = [picture, ...picture.querySelectorAll<SVGElement>('*')];
  const copies = [copy, ...copy.querySelectorAll<SVGElement>('*')];
  originals.forEach((original, i) => {
    const style = getComputedStyle(original);
    for (const property of kept)
      copies[i]!.style.setProperty(property, style.getPropertyValue(property));
  });
  const { width, height } = picture.getBoundingClientRect();
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('width', String(width));
  copy.setAttribute('height', String(height));
  copy.style.background = getComputedStyle(document.documentElement).backgroundColor;
  saveText(name, new XMLSerializer().serializeToString(copy));
}

/** Canvases beside each other, with their titles, as one PNG file. */
export async function savePng(
  name: string,
  pictures: readonly { readonly title: string; readonly canvas: HTMLCanvasElement }[],
): Promise<void> {
  const columns = Math.min(4, pictures.length);
  const [width, height] = [pictures[0]!.canvas.width, pictures[0]!.canvas.height + 40];
  const sheet = document.createElement('canvas');
  sheet.width = width * columns;
  sheet.height = height * Math.ceil(pictures.length / columns);
  const pen = sheet.getContext('2d')!;
  const { backgroundColor, color } = getComputedStyle(document.documentElement);
  pen.fillStyle = backgroundColor;
  pen.fillRect(0, 0, sheet.width, sheet.height);
  pen.font = '600 22px Georgia, serif';
  pictures.forEach(({ title, canvas }, i) => {
    const [x, y] = [(i % columns) * width, Math.floor(i / columns) * height];
    pen.fillStyle = color;
    pen.fillText(title, x + 12, y + 28);
    pen.drawImage(canvas, x, y + 40, width, height - 40);
  });
  const blob = await new Promise<Blob | null>((done) => sheet.toBlob(done));
  if (blob) download(name, new Uint8Array(await blob.arrayBuffer()));
}
