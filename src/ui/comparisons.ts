import { methodOf } from '../settings';
import { type Choices, draftOf, type RunChoice } from './choices';

/** What is compared: runs of one prompt that differ in one thing. */
export interface Comparison {
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  /** The runs, made from the first of those that are chosen. */
  readonly runs: (choices: Choices) => readonly RunChoice[];
}

/** The method of the first run where it distils, else VSD: what follows is a matter of score distillation. */
const distilling = ({ runs }: Choices): RunChoice =>
  methodOf(runs[0]!.method).kind === 'distillation' ? runs[0]! : { method: 'vsd', changes: {} };

const withChange = (run: RunChoice, path: string, value: unknown): RunChoice => ({
  ...run,
  changes: { ...run.changes, [path]: value },
});

const byMethods =
  (...methods: readonly RunChoice['method'][]): Comparison['runs'] =>
  () =>
    methods.map((method) => ({ method, changes: {} }));

/** Guidance scales relative to the run's own. */
const scales = [0.5, 1, 2] as const;

/** Comparisons that are one click away; any other is made of chips. */
export const comparisons: readonly Comparison[] = [
  {
    id: 'sds-vsd',
    title: 'SDS | VSD',
    summary: 'Against the noise itself, or against a model that learns the views',
    runs: byMethods('sds', 'vsd'),
  },
  {
    id: 'ways',
    title: 'Fitted | distilled',
    summary: 'Iterative reconstruction beside three ways of score distillation',
    runs: byMethods('sir', 'sds', 'vsd', 'asd'),
  },
  {
    id: 'seeds',
    title: 'Three seeds',
    summary: 'The same run from this seed and the two after it',
    runs: (choices) => {
      const { seed } = draftOf(choices, choices.runs[0]!);
      return [0, 1, 2].map((more) => withChange(choices.runs[0]!, 'seed', (seed + more) % 2 ** 32));
    },
  },
  {
    id: 'threshold',
    title: 'With and without thresholding',
    summary: 'One-step pictures are held within the range of colours, or not',
    runs: (choices) =>
      [true, false].map((on) => withChange(distilling(choices), 'guidance.threshold', on)),
  },
  {
    id: 'guidance',
    title: 'Weak, usual and strong guidance',
    summary: 'Half the guidance scale, the scale, and twice as much',
    runs: (choices) => {
      const run = distilling(choices);
      const usual = draftOf(choices, run).guidance.scale;
      const times = (factor: number) =>
        typeof usual === 'number'
          ? factor * usual
          : [usual[0], factor * usual[1], factor * usual[2], usual[3]];
      return scales.map((factor) => withChange(run, 'guidance.scale', times(factor)));
    },
  },
  {
    id: 'exemplar',
    title: 'With and without an exemplar',
    summary: 'What the prior is shown beside the prompt, or nothing',
    runs: (choices) => {
      const run = choices.runs[0]!;
      const { source } = draftOf(choices, run).exemplar;
      const shown = source === 'none' ? 'auto' : source;
      return [shown, 'none'].map((value) => withChange(run, 'exemplar.source', value));
    },
  },
];
