import type * as v from 'valibot';
import { group, schedule } from '../schema';

/** How fast what is distilled moves. */
export const optimSettings = group('Optimiser', {
  tableLearningRate: schedule({
    default: [0.3, 0.01, 0.001, 0.9],
    min: 0,
    label: "Table's learning rate",
    help: "learning rate of the hash grid's table",
  }),
  mlpLearningRate: schedule({
    default: [0.3, 0.005, 0.0005, 0.9],
    min: 0,
    label: "MLP's learning rate",
    help: 'learning rate of the perceptron',
  }),
  pixelLearningRate: schedule({
    default: [0.3, 0.1, 0.01, 0.9],
    min: 0,
    label: "Pixels' learning rate",
    help: 'learning rate of free pictures, whose parameters are logits',
  }),
});

export type OptimSettings = v.InferOutput<typeof optimSettings>;
