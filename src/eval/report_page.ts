import template from './report.html?raw';
import type { Report } from './summary';

const place = /(<script id="data"[^>]*>)\{\}/;

/**
 * A report as one page that needs nothing else: tables to sort and filter, plots, pictures.
 * @param pictures data URLs, by the folder of a cell.
 */
export function reportPage(report: Report, pictures: Readonly<Record<string, string>>): string {
  // A prompt may hold what would end the script.
  const data = JSON.stringify({ report, pictures }).replaceAll('<', '\\u003c');
  return template.replace(place, (_, tag: string) => tag + data);
}
