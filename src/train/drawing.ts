import { type Snapshot, storedArray } from '../gpu/snapshot';
import type { Guidance, Guided, Sampler } from '../prior/sampler';
import { type CleanEstimate, solve } from '../prior/solver';
import type { DrawStep } from './rounds';

/** Views on their way: up by inversion, down to clean ones. */
export class Drawing {
  /** z_τ, f32 [V, C, H, W]; once the last evaluation is done, the views, in [-1, 1]. */
  z: Float32Array;
  /** The estimate of the evaluation before; absent where the way down begins. */
  #before: CleanEstimate | undefined;

  constructor(z: Float32Array) {
    this.z = z;
  }

  /** Takes one evaluation of the network. */
  async move(
    sampler: Sampler,
    { from, to, inverts }: Pick<DrawStep, 'from' | 'to' | 'inverts'>,
    guidance: Guidance,
  ): Promise<Guided> {
    // On the way up nothing is guided.
    const scale = inverts ? 1 : guidance.guidance;
    const guided = await sampler.estimate(this.z, from, { ...guidance, guidance: scale });
    const now = { timestep: from, clean: guided.clean };
    const solver = inverts ? 'ddim' : 'dpm-solver++';
    this.z = solve(solver, sampler.schedule, this.z, now, this.#before, to);
    this.#before = inverts ? undefined : now;
    return guided;
  }

  snapshot(): Snapshot {
    return {
      z: owned(this.z),
      ...(this.#before && {
        'before.clean': owned(this.#before.clean),
        'before.timestep': Uint32Array.of(this.#before.timestep),
      }),
    };
  }

  /** A drawing of so many values as it was, if the snapshot has one. @throws LimbeckError for arrays of another size. */
  static restored(snapshot: Snapshot, length: number): Drawing | undefined {
    if (!snapshot.z) return undefined;
    const values = (name: string) => storedArray(snapshot, name, 'F32', length, 'A drawing');
    const drawing = new Drawing(values('z'));
    const [timestep] = snapshot['before.timestep'] ?? [];
    if (timestep !== undefined) drawing.#before = { timestep, clean: values('before.clean') };
    return drawing;
  }
}

/** A copy with a buffer of its own. */
const owned = (values: Float32Array) => new Float32Array(values);
