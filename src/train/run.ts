import type { Generator, OutputFile } from '../generator/generator';
import { prefixed, type Snapshot, storedArray, unprefixed } from '../gpu/snapshot';
import type { Reward } from '../guidance/reward';
import type { PngEncoder } from '../image/png';
import type { ChosenExemplar } from '../prior/exemplars/exemplars';
import type { OwnExemplar } from '../prior/exemplars/own';
import { sourceOf } from '../prior/exemplars/source';
import type { FakeScore } from '../prior/fake_score';
import type { Manifest } from '../prior/manifest';
import type { SettingsChange, StepReport, Watch } from '../protocol/reports';
import { makeSettings, methodOf, migrated, type Settings, SettingsError } from '../settings';
import { parseChanges, settingsAfter, withChange } from './changes';
import { CheckpointError, readCheckpoint, writeCheckpoint } from './checkpoint';
import type { StepTaker } from './step_taker';

export interface RunParts<G extends Generator> {
  readonly settings: Settings;
  readonly manifest: Manifest;
  readonly trainer: StepTaker;
  readonly generator: G;
  readonly fake?: FakeScore;
  readonly reward?: Pick<Reward, 'id'>;
  readonly exemplar?: ChosenExemplar;
  /** Settings that change at a step of it. */
  readonly changes?: readonly SettingsChange[];
}

/** One object in the making: what takes its steps and everything that it moves, owned. */
export class Run<G extends Generator = Generator> {
  readonly settings: Settings;
  readonly generator: G;
  readonly #parts: RunParts<G>;
  #changes: readonly SettingsChange[];

  constructor(parts: RunParts<G>) {
    this.settings = parts.settings;
    this.generator = parts.generator;
    this.#parts = parts;
    this.#changes = parts.changes ?? [];
    // Whatever step they are for, they must be possible.
    settingsAfter(this.settings, this.#changes, Number.POSITIVE_INFINITY);
  }

  /** What was changed of the settings while it ran. */
  get changes(): readonly SettingsChange[] {
    return this.#changes;
  }

  /** Changes a setting from the next step on. @throws SettingsError when it cannot, or not to that value. */
  adjust(path: string, value: unknown): void {
    if (!this.#parts.trainer.change) {
      throw new SettingsError(
        'The steps of this method are laid out when the run begins.',
        'Change the setting for the next start, or take a method of score distillation.',
      );
    }
    const changes = withChange(this.#changes, { step: this.step, path, value });
    settingsAfter(this.settings, changes, this.step);
    this.#changes = changes;
  }

  /** Steps taken. */
  get step(): number {
    return this.#parts.trainer.step;
  }

  /** What the prior is shown beside the prompt. */
  get exemplar(): ChosenExemplar {
    return this.#parts.exemplar ?? { notes: [] };
  }

  get finished(): boolean {
    return this.step >= this.settings.steps;
  }

  /**
   * @param watch is told what the step saw.
   * @throws NonFiniteGradientError when a gradient is not finite; the generator keeps its last state.
   */
  async takeStep(watch?: Watch): Promise<StepReport> {
    this.#heedChanges();
    const report = await this.#parts.trainer.takeStep(watch);
    if (this.finished) await this.generator.finish();
    return report;
  }

  /** The gradient on the views under other noise; undefined where the method has none. */
  async gradientUnder(noise: number): Promise<Float32Array | undefined> {
    this.#heedChanges();
    return this.#parts.trainer.gradientUnder?.(noise);
  }

  #heedChanges(): void {
    if (this.#changes.length === 0) return;
    this.#parts.trainer.change?.(settingsAfter(this.settings, this.#changes, this.step));
  }

  /** What it has made as files, the first being the one to open. @throws EmptyFieldError when there is nothing. */
  files(encodePng: PngEncoder, file?: string): Promise<OutputFile[]> {
    const { prompt } = this.settings;
    return this.generator.files(encodePng, { prompt, ...(file !== undefined && { file }) });
  }

  /** Everything that the next step depends on, as safetensors; the same state gives the same bytes. */
  async checkpoint(): Promise<Uint8Array> {
    const { generator, fake, reward, trainer, manifest, exemplar } = this.#parts;
    const tensors = {
      ...(await generator.snapshot()),
      ...(fake && prefixed('fake', await fake.snapshot())),
      ...prefixed('trainer', trainer.snapshot()),
      ...(exemplar?.own && prefixed('exemplar', snapshotOf(exemplar.own))),
    };
    return writeCheckpoint(tensors, {
      format: 'limbeck',
      step: String(this.step),
      model: manifest.files.denoiser.sha256,
      ...(reward && { reward: reward.id }),
      settings: JSON.stringify(this.settings),
      ...(this.#changes.length > 0 && { changes: JSON.stringify(this.#changes) }),
    });
  }

  /**
   * Goes on from a checkpoint of a run with the same settings.
   * @throws LimbeckError naming what does not fit.
   */
  restore(bytes: Uint8Array): void {
    const { generator, fake, reward, trainer, manifest } = this.#parts;
    const { tensors, metadata } = readCheckpoint(bytes);
    if (metadata.model !== manifest.files.denoiser.sha256) {
      throw new CheckpointError(
        'The checkpoint was made with another model.',
        'Give that one with --model or choose it on the page, or start anew.',
      );
    }
    if (reward && metadata.reward !== reward.id) {
      throw new CheckpointError(
        'The checkpoint was made with another reward.',
        'Give that one with --reward, or start anew.',
      );
    }
    const { method } = checkpointSettings(bytes);
    if (method !== this.settings.method) {
      const [made, asked] = [methodOf(method).title, methodOf(this.settings.method).title];
      throw new CheckpointError(
        `This checkpoint is ${made}, and ${asked} was asked for.`,
        `Go on with it by leaving --method out, or start anew.`,
      );
    }
    if (metadata.changes) this.#changes = parseChanges(metadata.changes);
    settingsAfter(this.settings, this.#changes, Number.POSITIVE_INFINITY);
    generator.restore(tensors);
    fake?.restore(unprefixed('fake', tensors));
    trainer.resumeAt(Number(metadata.step), unprefixed('trainer', tensors));
  }

  dispose(): void {
    const { trainer, fake, generator } = this.#parts;
    trainer.dispose();
    generator.dispose();
    fake?.dispose();
  }
}

const snapshotOf = ({ views, shown }: OwnExemplar): Snapshot => ({
  views: new Float32Array(views),
  shown: new Float32Array(shown),
});

/** A person's own exemplar in a checkpoint, where its run is shown one. @throws LimbeckError when it is damaged. */
export function storedExemplar(
  bytes: Uint8Array,
  { exemplar }: Settings,
  { views, resolution }: Manifest,
): OwnExemplar | undefined {
  const source = sourceOf(exemplar.source);
  if (source.kind !== 'file') return undefined;
  const stored = unprefixed('exemplar', readCheckpoint(bytes).tensors);
  const array = (name: string, length: number) =>
    storedArray(stored, name, 'F32', length, 'The exemplar');
  return {
    name: source.name,
    views: array('views', views * 4 * resolution ** 2),
    shown: array('shown', views),
    notes: [],
  };
}

/** The settings that a checkpoint was made with. @throws CheckpointError when it is not one of ours. */
export function checkpointSettings(bytes: Uint8Array): Settings {
  const { metadata } = readCheckpoint(bytes);
  if (metadata.format !== 'limbeck' || !metadata.settings) {
    throw new CheckpointError(
      'The file is not a checkpoint of a run: it has no settings.',
      'Give a field.safetensors.',
    );
  }
  return makeSettings(migrated(JSON.parse(metadata.settings)));
}
