/** The four graphs of a GAN: samples, a step of each player, and what the discriminator says of a grid. */
import { adamW, differentiate, Expressions, type StaticGraph, trainingGraph } from '#onnx';
import type { GanLoss } from './gan_losses';
import { mlp, parameterCount, type Sizes } from './mlp';

export const noiseSize = 4;
export const generatorSizes: Sizes = [noiseSize, 32, 32, 2];
export const discriminatorSizes: Sizes = [2, 48, 48, 1];

/** Samples of a step, of either kind. */
export const batch = 128;
/** Cells along the side of the grid that the discriminator is shown on. */
export const gridSide = 24;

/** Adam's decay of moments: little of the first, since the other player moves (Gulrajani et al., algorithm 1). */
const optimiser = adamW({ betas: [0.5, 0.9] });

const fresh = (name: string) => new Expressions({ name });
const vector = (g: Expressions, name: string, sizes: Sizes) =>
  g.input(name, [parameterCount(sizes)], 'float32');

/** noise [batch, noiseSize], generator [P] to samples [batch, 2] */
export function samplingGraph(): StaticGraph {
  const g = fresh('samples');
  const noise = g.input('noise', [batch, noiseSize], 'float32');
  g.output(mlp(g, noise, vector(g, 'generator', generatorSizes), generatorSizes), 'samples');
  return g.build();
}

/** A step of the generator against a discriminator that stays as it is. */
export function generatorStep(loss: GanLoss): StaticGraph {
  const g = fresh('generator step');
  const noise = g.input('noise', [batch, noiseSize], 'float32');
  const samples = mlp(g, noise, vector(g, 'generator', generatorSizes), generatorSizes);
  const judged = mlp(
    g,
    samples,
    vector(g, 'discriminator', discriminatorSizes),
    discriminatorSizes,
  );
  g.output(judged, 'judged');
  return trainingGraph(g.build(), {
    loss: (to) => to.reshape(loss.generator(to, 'judged'), []),
    parameters: 'generator',
    optimiser,
  });
}

/**
 * A step of the discriminator: real and fake [batch, 2]; with a penalty also `between` [batch, 2] and `ones`
 * [batch, 1]. The penalty's gradient is a gradient of a gradient: the graph is differentiated twice.
 */
export function discriminatorStep(loss: GanLoss): StaticGraph {
  const { penalty } = loss;
  const g = fresh('discriminator step');
  const real = g.input('real', [batch, 2], 'float32');
  const fake = g.input('fake', [batch, 2], 'float32');
  const weights = vector(g, 'discriminator', discriminatorSizes);
  g.output(mlp(g, real, weights, discriminatorSizes), 'of real');
  g.output(mlp(g, fake, weights, discriminatorSizes), 'of fake');
  if (penalty !== undefined) {
    const between = g.input('between', [batch, 2], 'float32');
    g.output(mlp(g, between, weights, discriminatorSizes), 'of between');
  }
  let graph = g.build();
  let slope = '';
  if (penalty !== undefined) {
    const differentiated = differentiate(graph, {
      of: { 'of between': 'ones' },
      withRespectTo: ['between'],
    });
    graph = differentiated.graph;
    slope = differentiated.gradients.between!;
  }
  return trainingGraph(graph, {
    loss: (to) => {
      let total = loss.discriminator(to, 'of real', 'of fake');
      if (penalty !== undefined) {
        // The small term keeps the root's slope finite.
        const length = to.sqrt(to.shift(to.sum(to.square(slope), [1]), 1e-8));
        const excess = to.mean(to.square(to.shift(length, -1)), [0, 1]);
        total = to.add(total, to.scale(excess, penalty));
      }
      return to.reshape(total, []);
    },
    parameters: 'discriminator',
    optimiser,
  });
}

/** points [gridSide², 2], discriminator [P] to `value` [gridSide², 1] and its gradient by the points. */
export function fieldGraph(): StaticGraph {
  const g = fresh('field');
  const count = gridSide * gridSide;
  const points = g.input('points', [count, 2], 'float32');
  const weights = vector(g, 'discriminator', discriminatorSizes);
  g.output(mlp(g, points, weights, discriminatorSizes), 'value');
  return differentiate(g.build(), { of: { value: 'ones' }, withRespectTo: ['points'] }).graph;
}
