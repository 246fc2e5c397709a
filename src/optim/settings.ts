import { group, schedule } from '../schema';

/** How fast the field moves. */
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
});
