import { beforeEach, describe, expect, test } from 'vitest';
import { LimbeckError } from '../../src/errors';
import { NonFiniteGradientError, type OutputFile } from '../../src/generator/generator';
import type { PngEncoder } from '../../src/image/png';
import type { SessionReport } from '../../src/protocol/messages';
import type { SettingsChange, StepReport, Watch } from '../../src/protocol/reports';
import { makeSettings, type Settings } from '../../src/settings';
import { baseName } from '../../src/train/saving';
import { Session, type SessionRun } from '../../src/train/session';

/** A run whose whole state is its count of steps. */
class Counter implements SessionRun {
  readonly settings: Settings;
  step = 0;
  readonly changes: SettingsChange[] = [];
  disposed = false;
  /** Thrown at this step. */
  failAt = Number.POSITIVE_INFINITY;
  /** Whether the run still answers: a lost device does not. */
  lost = false;

  constructor(settings: Settings) {
    this.settings = settings;
  }

  get finished(): boolean {
    return this.step >= this.settings.steps;
  }

  async takeStep(watch?: Watch): Promise<StepReport> {
    if (this.disposed) throw new Error('A step after the end.');
    watch?.({ step: this.step, rows: [] });
    if (this.step === this.failAt)
      throw new NonFiniteGradientError('The gradient is not finite.', 'Go on with less.');
    return { step: this.step++ } as StepReport;
  }

  adjust(path: string, value: unknown): void {
    if (path !== 'guidance.scale') throw new LimbeckError('It cannot change.', 'Leave it.');
    this.changes.push({ step: this.step, path, value });
  }

  async checkpoint(): Promise<Uint8Array> {
    if (this.lost) throw new Error('The device is lost.');
    return Uint8Array.of(this.step);
  }

  restore([step]: Uint8Array): void {
    if (step! > this.settings.steps) throw new RangeError('The checkpoint is of a longer run.');
    this.step = step!;
  }

  async files(_: PngEncoder, file: string): Promise<OutputFile[]> {
    if (this.step === 0) throw new LimbeckError('The field is empty.', 'Train it for longer.');
    const part = new Uint8Array(8).subarray(4);
    return [
      { name: `${file}.obj`, bytes: part },
      { name: `${file}.mtl`, bytes: part },
    ];
  }

  dispose(): void {
    this.disposed = true;
  }
}

const settings = (method: 'sds' | 'vsd', steps = 6) =>
  makeSettings({ prompt: 'A pine tree!', method, steps, seed: 3 });
const both = [
  { run: 'sds', settings: settings('sds') },
  { run: 'vsd', settings: settings('vsd') },
];

let reports: SessionReport[];
let made: Counter[];
/** What the keeper was told. */
let kept: string[];
/** Seeds of the samples that were ended, by being drawn or otherwise. */
let ended: number[];
let session: Session<Counter>;
/** What is done between two steps, by the number of steps reported so far. */
let between: Record<number, () => void>;

const of = <T extends SessionReport['type']>(type: T) =>
  reports.filter((report): report is Extract<SessionReport, { type: T }> => report.type === type);
const until = async (state: string) => {
  while (session.state !== state) await new Promise((resolve) => setTimeout(resolve));
};

beforeEach(() => {
  reports = [];
  made = [];
  kept = [];
  ended = [];
  between = {};
  session = new Session<Counter>({
    source: {
      createRun: async (wanted) => {
        if (wanted.field.log2TableSize > 20)
          throw new LimbeckError('The GPU has too little memory.', 'Take fewer.');
        const run = new Counter(wanted);
        made.push(run);
        return run;
      },
      manifest: { views: 2, resolution: 1 },
      notesOn: (prompt) => (prompt.includes('🌲') ? ['What is that?', 'Say it.'] : []),
      // Four steps; seed 13 fails at the third.
      sample: async function* (_, { seed }) {
        try {
          for (let step = 1; step <= 4; step++) {
            if (seed === 13 && step === 3)
              throw new LimbeckError('The sample is lost.', 'Draw another.');
            yield { step, steps: 4, views: new Float32Array(8).fill(step / 4) };
          }
        } finally {
          ended.push(seed);
        }
      },
    },
    report: (report) => reports.push(report),
    keeper: {
      claim: async (stored) => {
        kept.push(`claim ${stored}`);
        if (stored === 'gone') throw new LimbeckError('Gone.', 'Look.');
        return { settings: settings('vsd'), checkpoint: Uint8Array.of(4, 6) };
      },
      leave: (stored) => kept.push(`leave ${stored}`),
      fork: async (stored) => `${stored}-copy`,
      begin: async (id, _, stored) => {
        kept.push(`begin ${id}${stored ? ` ${stored}` : ''}`);
      },
      keep: async (id, _, [step]) => {
        kept.push(`keep ${id} ${step}`);
      },
      end: async (id) => {
        kept.push(`end ${id}`);
      },
    },
    encodePng: async () => new Uint8Array(),
    settingsOf: (bytes) => settings('vsd', bytes[1]!),
    breathe: async () => {
      const act = between[of('step').length];
      delete between[of('step').length];
      act?.();
      await new Promise((resolve) => setTimeout(resolve));
    },
  });
});

test('runs take turns and end together', async () => {
  await session.start(both);
  await until('finished');
  expect(of('step').map(({ run }) => run)).toEqual(Array(6).fill(['sds', 'vsd']).flat());
  expect(of('session').map(({ state }) => state)).toEqual(['preparing', 'training', 'finished']);
  expect(of('run').map(({ run, state }) => `${run} ${state}`)).toEqual([
    'sds training',
    'vsd training',
    'sds finished',
    'vsd finished',
  ]);
});

test('a run that is watched shows what its steps saw, before their reports', async () => {
  session.watch('vsd', 2);
  between[9] = () => session.watch('vsd', 0);
  await session.start(both);
  await until('finished');
  expect(of('watched').map(({ run, watched }) => `${run} ${watched.step}`)).toEqual([
    'vsd 0',
    'vsd 2',
  ]);
  const order = reports.flatMap((report) =>
    report.type === 'watched' || (report.type === 'step' && report.run === 'vsd')
      ? [report.type]
      : [],
  );
  expect(order.slice(0, 4)).toEqual(['watched', 'step', 'step', 'watched']);
});

test('a pause takes effect after the step that is being taken, and resuming goes on', async () => {
  between[3] = () => void session.pause();
  await session.start(both);
  await until('paused');
  expect(of('step')).toHaveLength(3);
  await session.resume();
  await until('finished');
  expect(of('step')).toHaveLength(12);
});

test('a single step is taken of each run while they are paused', async () => {
  between[4] = () => void session.pause();
  await session.start(both);
  await until('paused');
  await session.step();
  expect(
    of('step')
      .map(({ run, report }) => `${run} ${report.step}`)
      .slice(4),
  ).toEqual(['sds 2', 'vsd 2']);
  expect(session.state).toBe('paused');
  for (let step = 3; step < 6; step++) await session.step();
  expect(session.state).toBe('finished');
});

test('a setting is changed while a run goes on, or refused in words', async () => {
  between[3] = () => void session.adjust('vsd', 'guidance.scale', 9);
  between[5] = () => void session.adjust('vsd', 'steps', 9);
  await session.start(both);
  await until('finished');
  const changes = [{ step: 1, path: 'guidance.scale', value: 9 }];
  expect(of('run').filter(({ run }) => run === 'vsd')[1]).toMatchObject({ step: 1, changes });
  expect(of('error')).toEqual([
    { type: 'error', run: 'vsd', message: 'It cannot change. Leave it.' },
  ]);
});

test('runs are kept from their first step on, at every tenth, and when they leave', async () => {
  const long = (run: string) => ({ run, settings: settings('sds', 40) });
  between[26] = () => void session.reset();
  await session.start([long('1'), long('2')]);
  await until('idle');
  expect(kept.filter((what) => what.split(' ')[1] === '1')).toEqual([
    ...['begin 1', 'keep 1 1', 'keep 1 4', 'keep 1 8', 'keep 1 12', 'keep 1 13', 'end 1'],
  ]);
});

test('stored runs are opened together or not at all, and wait when they are to', async () => {
  const request = (run: string, stored: string) => ({ run, stored });
  await session.reopen([request('1', 'four'), request('2', 'gone')], true);
  expect(session.state).toBe('idle');
  expect(of('error')[0]).toMatchObject({ run: '2', starting: true, message: 'Gone. Look.' });
  expect(kept).toEqual(['claim four', 'claim gone', 'leave four']);
  await session.reopen([{ ...request('1', 'four'), fork: true }], true);
  expect(session.state).toBe('paused');
  expect(kept.slice(3)).toEqual(['claim four-copy', 'begin 1 four-copy']);
  await session.resume();
  await until('finished');
  expect(of('step').map(({ report }) => report.step)).toEqual([4, 5]);
});

test('a reset ends the runs, tells of it first, and frees them', async () => {
  between[2] = () => void session.reset();
  await session.start(both);
  await until('idle');
  expect(of('step')).toHaveLength(2);
  expect(made.every(({ disposed }) => disposed)).toBe(true);
  expect(of('run').filter(({ state }) => state === 'ended')).toHaveLength(2);
  expect(session.run('sds')).toBeUndefined();
});

test('a start replaces what runs', async () => {
  between[2] = () => void session.start([{ run: 'sds', settings: settings('sds', 2) }]);
  await session.start(both);
  await until('finished');
  expect(made.map(({ disposed }) => disposed)).toEqual([true, true, false]);
  expect(of('step')).toHaveLength(4);
});

describe('when a run cannot be made', () => {
  const large = makeSettings({ prompt: 'a house', field: { log2TableSize: 22 } });
  const four = ['1', '2', '3', '4'].map((run) => ({ run, settings: settings('sds') }));
  const refused = four.with(2, { run: '3', settings: large });

  test('it is named, and those that were made with it are freed', async () => {
    await session.start(refused);
    expect(session.state).toBe('idle');
    expect(of('error')).toEqual([
      {
        ...{ type: 'error', run: '3', starting: true },
        message: 'The GPU has too little memory. Take fewer.',
      },
    ]);
    expect(of('run')).toEqual([]);
    expect(made.map(({ disposed }) => disposed)).toEqual([true, true]);
  });

  test('the runs before it go on', async () => {
    between[3] = () => void session.start(refused);
    await session.start(both);
    await until('finished');
    expect(of('error')[0]!.message).toMatch(
      /memory\. Take fewer\. What there was is kept; a reset frees/,
    );
    expect(of('session').map(({ state }) => state)).toEqual([
      ...['preparing', 'training', 'preparing', 'training', 'finished'],
    ]);
    expect(of('step')).toHaveLength(12);
    expect(made.map(({ disposed }) => disposed)).toEqual([false, false, true, true]);
  });

  test('those that are paused stay so', async () => {
    between[3] = () => void session.pause();
    await session.start(both);
    await until('paused');
    await session.start(refused);
    expect(session.state).toBe('paused');
    await session.load('1', Uint8Array.of(9, 6));
    expect(session.state).toBe('paused');
    expect(session.run('sds')!.disposed).toBe(false);
  });
});

describe('when a run fails', () => {
  beforeEach(async () => {
    between[0] = () => {
      made[0]!.failAt = 4;
    };
    await session.start(both);
    await until('finished');
  });

  test('it stops and says why, and the other goes on', () => {
    expect(of('error')).toEqual([
      { type: 'error', run: 'sds', message: 'The gradient is not finite. Go on with less.' },
    ]);
    expect(of('run').slice(2)).toMatchObject([
      { run: 'sds', state: 'failed', step: 4 },
      { run: 'vsd', state: 'finished', step: 6 },
    ]);
  });

  test('its state is saved as far as it came', async () => {
    await session.save('sds', 'checkpoint');
    expect(of('saved')[0]!.files[0]!.bytes).toEqual(Uint8Array.of(4));
  });

  test('and the last checkpoint when it no longer answers, as often as it is asked for', async () => {
    made[0]!.lost = true;
    for (const time of [0, 1]) {
      await session.save('sds', 'checkpoint');
      const { bytes } = of('saved')[time]!.files[0]!;
      expect(bytes).toEqual(Uint8Array.of(4));
      // As the page's Worker does with what is saved: afterwards the bytes are the page's.
      structuredClone(bytes, { transfer: [bytes.buffer] });
    }
  });
});

test('what of a prompt the prior does not know is said once, of runs and of samples', async () => {
  const prompt = 'a 🌲';
  await session.start(
    both.map((wanted) => ({ ...wanted, settings: { ...wanted.settings, prompt } })),
  );
  await until('finished');
  const note = { type: 'note', message: 'What is that? Say it.' };
  expect(of('note')).toEqual([note]);
  await session.sample({ prompt, seed: 1 });
  while (ended.length < 1) await new Promise((resolve) => setTimeout(resolve));
  expect(of('note')).toEqual([note, note]);
  expect(of('sample')).toHaveLength(4);
  await session.start(both);
  await until('finished');
  expect(of('note')).toHaveLength(2);
});

test('files are named after the prompt, the method and the seed, and own their bytes', async () => {
  await session.start(both);
  await until('finished');
  await session.save('vsd', 'object');
  const { files } = of('saved')[0]!;
  expect(files.map(({ name }) => name)).toEqual(['a-pine-tree-vsd-3.zip']);
  for (const { bytes } of files) expect(bytes.buffer.byteLength).toBe(bytes.byteLength);
  await session.save('vsd', 'checkpoint');
  expect(of('saved')[1]!.files[0]!.name).toBe('a-pine-tree-vsd-3.safetensors');
  const odd = makeSettings({ prompt: '  ¿¿ Ein Haus — 東京 ??', seed: 1 });
  expect(baseName(odd)).toBe('ein-haus-東京-sir-1');
});

test('a file that cannot be made is an error of its run', async () => {
  between[0] = () => void session.pause();
  await session.start(both);
  await session.save('sds', 'object');
  expect(of('error')).toEqual([
    {
      type: 'error',
      run: 'sds',
      message: 'The field is empty. Train it for longer.',
      saving: 'object',
    },
  ]);
});

describe('a sample', () => {
  const request = (seed: number) => ({ prompt: 'a pine tree', seed });
  const drawn = () => of('sample').map(({ request: { seed }, step }) => `${seed}: ${step}`);
  const order = () =>
    reports.filter(({ type }) => type === 'sample' || type === 'step').map(({ type }) => type);
  /** Does something after two steps of a sample. */
  const afterTwo = (act: () => void) => {
    between[0] = function wait() {
      if (of('sample').length === 2) act();
      else between[0] = wait;
    };
  };
  const untilEnded = async (count: number) => {
    while (ended.length < count) await new Promise((resolve) => setTimeout(resolve));
  };

  test('is drawn without runs, as pictures on nothing', async () => {
    await session.sample(request(1));
    await untilEnded(1);
    expect(drawn()).toEqual(['1: 1', '1: 2', '1: 3', '1: 4']);
    const { image, steps } = of('sample')[1]!;
    expect(steps).toBe(4);
    expect([image.width, image.height]).toEqual([2, 1]);
    expect([...image.data]).toEqual([255, 255, 255, 128, 255, 255, 255, 128]);
    expect(session.state).toBe('idle');
  });

  test('comes before further steps, and the runs lose none', async () => {
    between[3] = () => void session.sample(request(1));
    await session.start(both);
    await until('finished');
    expect(order()).toEqual([
      ...Array(3).fill('step'),
      ...Array(4).fill('sample'),
      ...Array(9).fill('step'),
    ]);
  });

  test('is drawn while runs are paused', async () => {
    between[3] = () => void session.pause();
    await session.start(both);
    await until('paused');
    await session.sample(request(1));
    await untilEnded(1);
    expect(of('step')).toHaveLength(3);
    expect(session.state).toBe('paused');
  });

  test('gives way to a newer one', async () => {
    afterTwo(() => void session.sample(request(2)));
    await session.sample(request(1));
    await untilEnded(2);
    expect(drawn()).toEqual(['1: 1', '1: 2', '2: 1', '2: 2', '2: 3', '2: 4']);
  });

  test('is ended on demand, and frees what it held', async () => {
    afterTwo(() => void session.sample(null));
    await session.sample(request(1));
    await untilEnded(1);
    expect(drawn()).toEqual(['1: 1', '1: 2']);
  });

  test('that fails says so, and the runs go on', async () => {
    between[3] = () => void session.sample(request(13));
    await session.start(both);
    await until('finished');
    expect(of('error')).toEqual([
      { type: 'error', run: null, message: 'The sample is lost. Draw another.', sampling: true },
    ]);
    expect(drawn()).toEqual(['13: 1', '13: 2']);
    expect(of('step')).toHaveLength(12);
  });
});

test('a checkpoint is gone on with, under the id that it is given', async () => {
  await session.load('again', Uint8Array.of(4, 6));
  await until('finished');
  expect(of('step').map(({ run, report }) => `${run} ${report.step}`)).toEqual([
    'again 4',
    'again 5',
  ]);
});

test('a checkpoint that does not fit leaves nothing behind', async () => {
  await session.load('again', Uint8Array.of(9, 6));
  expect(session.state).toBe('idle');
  expect(made[0]!.disposed).toBe(true);
  expect(of('error')[0]).toMatchObject({ run: null, message: /longer run/ });
});
