import { LimbeckError } from '../../errors';
import type { Prediction } from '../manifest';

/** As much of diffusers' `scheduler_config.json` as decides what noise the network knows. */
export interface SchedulerConfig {
  readonly num_train_timesteps?: number;
  readonly beta_start?: number;
  readonly beta_end?: number;
  readonly beta_schedule?: string;
  readonly trained_betas?: readonly number[] | null;
  readonly prediction_type?: string;
  readonly rescale_betas_zero_snr?: boolean;
}

const predictions: Readonly<Record<string, Prediction>> = {
  epsilon: 'epsilon',
  v_prediction: 'v',
};

/** What the network predicts. @throws LimbeckError where it is neither noise nor velocity. */
export function predictionOf({ prediction_type: kind = 'epsilon' }: SchedulerConfig): Prediction {
  if (Object.hasOwn(predictions, kind)) return predictions[kind]!;
  throw new LimbeckError(
    `scheduler_config.json: prediction_type is "${kind}", and only epsilon and v_prediction are known.`,
    'Take another model.',
  );
}

/** β of timestep t of T, by diffusers' names (schedulers/scheduling_ddpm.py). */
const schedules: Readonly<
  Record<string, (t: number, T: number, low: number, high: number) => number>
> = {
  linear: (t, T, low, high) => low + ((high - low) * t) / (T - 1),
  scaled_linear: (t, T, low, high) =>
    (Math.sqrt(low) + ((Math.sqrt(high) - Math.sqrt(low)) * t) / (T - 1)) ** 2,
  // Nichol and Dhariwal 2021, eq. 17.
  squaredcos_cap_v2: (t, T) => {
    const kept = (u: number) => Math.cos(((u + 0.008) / 1.008) * (Math.PI / 2)) ** 2;
    return Math.min(1 - kept((t + 1) / T) / kept(t / T), 0.999);
  },
};

/** alpha_bar of every timestep. @throws LimbeckError where the config names a schedule that is not known. */
export function alphaBarOf(config: SchedulerConfig): number[] {
  const { num_train_timesteps: T = 1000, beta_start: low = 0.0001, beta_end: high = 0.02 } = config;
  const { beta_schedule: name = 'linear', trained_betas: given } = config;
  if (!given && !Object.hasOwn(schedules, name)) {
    throw new LimbeckError(
      `scheduler_config.json: beta_schedule "${name}" is not known.`,
      `It must be one of ${Object.keys(schedules).join(', ')}, or trained_betas.`,
    );
  }
  const betas = given ?? Array.from({ length: T }, (_, t) => schedules[name]!(t, T, low, high));
  let product = 1;
  const table = betas.map((beta) => {
    product *= 1 - beta;
    return product;
  });
  return config.rescale_betas_zero_snr ? withoutSignalAtTheEnd(table) : table;
}

/** The schedule shifted and scaled so that its last timestep is noise alone (Lin et al. 2023, algorithm 1). */
function withoutSignalAtTheEnd(table: readonly number[]): number[] {
  const [first, last] = [Math.sqrt(table[0]!), Math.sqrt(table.at(-1)!)];
  return table.map((value) => (((Math.sqrt(value) - last) * first) / (first - last)) ** 2);
}
