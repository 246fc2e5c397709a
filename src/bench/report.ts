import type { PeakRates, RateBySize } from './cost_model';
import type { Comparison, SizeResult, StageResult } from './stages';

const giga = (rate: number) => (rate / 1e9).toFixed(rate < 1e9 ? 3 : 1);

const bytes = (count: number) => {
  if (count >= 2 ** 20) return `${count / 2 ** 20} MiB`;
  return `${count / 2 ** 10} KiB`;
};

const bySize = (rates: RateBySize) =>
  rates.map((entry) => `${giga(entry.rate)} (${bytes(entry.bytes)})`).join(', ');

/** The peak rates as lines of text. */
export function peakRateLines(peakRates: PeakRates): string[] {
  return [
    `fused multiply-adds   ${giga(peakRates.operations)} G/s`,
    `exponentials          ${giga(peakRates.exponentials)} G/s`,
    `read or write         ${bySize(peakRates.bandwidth)} GB/s`,
    `4-byte gathers        ${bySize(peakRates.gathers)} G/s`,
    `i32 atomic adds       ${bySize(peakRates.atomics)} G/s`,
    `dispatch              ${(1e6 * peakRates.dispatch).toFixed(1)} µs`,
  ];
}

/** A size's stages as the lines of a Markdown table. */
export function stageLines({ size, workload, stages, step, baseline }: SizeResult): string[] {
  const { views, resolution, field } = size;
  const points = workload.points.toLocaleString('en');
  return [
    `${size.name}: ${views} views of ${resolution} px, ${points} points, ${field.levels} levels of 2^${field.log2TableSize}, ${field.hidden} units`,
    '',
    '| stage | bound, ms | measured, ms | bound / measured | limit |',
    '| --- | --- | --- | --- | --- |',
    ...[...stages, step].map(row),
    ...(baseline ? baselineLines(baseline) : []),
  ];
}

const baselineLines = ({ version, device, points, seconds, ratio }: Comparison) => [
  '',
  `PyTorch ${version} on ${device}, ${points.toLocaleString('en')} points: ${milliseconds(seconds)} ms, ${ratio.toFixed(2)} times ours`,
];

const milliseconds = (seconds: number) => (1e3 * seconds).toFixed(seconds < 1e-2 ? 2 : 1);

const row = ({ name, seconds, measured, ratio, limit }: StageResult) =>
  `| ${name} | ${milliseconds(seconds)} | ${milliseconds(measured)} | ${(100 * ratio).toFixed(0)} % | ${limit} |`;
