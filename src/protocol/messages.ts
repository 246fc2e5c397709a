import type { Image } from '../image/image';
import type { ShadingMode } from '../render/shading_mode';
import type { Settings } from '../settings';
import type { Measures, SettingsChange, StepReport, WatchedStep } from './reports';
import type { Prepared, Wanted } from './taking';

export { type ShadingMode, shadingModes } from '../render/shading_mode';

/** Names a run among those of a session; the page has one pane for each. */
export type RunId = string;

/** Names a run in the browser's storage, for as long as it is kept there. */
export type StoredId = string;

/** A canvas's size in its own pixels. */
export interface CanvasSize {
  readonly width: number;
  readonly height: number;
}

/** A movement of the viewer's camera, from the pointer, the wheel or the keyboard. */
export interface OrbitMove {
  /** Right and down, as shares of the pane's height. */
  readonly drag: readonly [x: number, y: number];
  /** Multiplies the distance. */
  readonly zoom: number;
}

/** URLs of the folders that an engine reads. */
export interface EngineFolders {
  /** Of the prior. */
  readonly model: string;
  /** Of the network that runs may climb. */
  readonly reward: string;
  /** Of the network that judges what was made. */
  readonly scorer: string;
}

export interface RunRequest {
  readonly run: RunId;
  readonly settings: Settings;
  /** Settings that change at a step of it: what was changed of a run that is to be repeated. */
  readonly changes?: readonly SettingsChange[];
  /** What the storage is to keep it under: who asks again after an engine was lost leaves no second run there. */
  readonly stored?: StoredId;
}

/** Asks for a run that the browser's storage keeps. */
export interface StoredRequest {
  readonly run: RunId;
  readonly stored: StoredId;
  /** Goes on with a copy and leaves the stored run as it is. */
  readonly fork?: true;
}

/** A run that the browser's storage keeps. */
export interface StoredRun {
  readonly id: StoredId;
  /** Undefined where what is stored cannot be read: `problem` says why. */
  readonly settings: Settings | undefined;
  /** Steps taken. */
  readonly step: number;
  /** Why it stopped, or why it cannot be read; empty for a run that is well. */
  readonly problem: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly changed: number;
  /** What it takes of the storage. */
  readonly bytes: number;
  /** PNG of the object as it was last seen; empty before there was one. */
  readonly picture: Uint8Array<ArrayBuffer>;
  /** Whether this tab or another works on it. */
  readonly open: boolean;
  /** Whether the page that worked on it ended without leaving it. */
  readonly interrupted: boolean;
}

/** Asks for the prior's own views of a prompt, which it determines. */
export interface SampleRequest {
  readonly prompt: string;
  readonly seed: number;
  /** What the prior is shown beside the prompt; as settings have it at first unless given. */
  readonly exemplar?: Settings['exemplar'];
}

/**
 * What can be saved of a run: what it has made (a mesh in the format that its settings name, or pictures), or all
 * that it needs to go on.
 */
export type SavedKind = 'object' | 'checkpoint';

export interface SavedFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A file of the visitor's; it is read where and when it is needed. */
export interface NamedFile {
  /** From the folder that it came in with, with '/'. */
  readonly path: string;
  readonly file: Blob;
}

/** From the page to the engine. */
export type Command =
  /** The first. The engine holds the Web Lock `lock` as long as it lives. */
  | ({ readonly type: 'open'; readonly lock: string } & EngineFolders)
  /** Starts these runs in place of those there are, which stay when one of these cannot be made. */
  | { readonly type: 'start'; readonly runs: readonly RunRequest[] }
  /** Goes on with a checkpoint's run in place of those there are, which stay when it cannot be. */
  | { readonly type: 'load'; readonly run: RunId; readonly bytes: Uint8Array<ArrayBuffer> }
  /** Goes on with stored runs in place of those there are, which stay when one of these cannot be opened. */
  | {
      readonly type: 'reopen';
      readonly runs: readonly StoredRequest[];
      /** Whether they wait for `resume`. */
      readonly paused: boolean;
    }
  /** Stores the newest state of all runs now. */
  | { readonly type: 'keep' }
  /** Asks what the storage keeps. */
  | { readonly type: 'list' }
  | { readonly type: 'delete'; readonly stored: readonly StoredId[] }
  /** Asks for a stored run as a file. */
  | { readonly type: 'export'; readonly stored: StoredId }
  /** Asks what objects of the prior's library fit words best; the seed decides between equals. */
  | { readonly type: 'find'; readonly words: string; readonly seed: number }
  /** Asks what the prior was taught: kinds of objects where nothing is looked for, else phrases with these words. */
  | { readonly type: 'browse'; readonly words: string }
  /** Asks which words of a prompt the prior was not taught. */
  | { readonly type: 'check'; readonly prompt: string }
  /** Gives an exemplar of the visitor's own, with the files that it names: from now on settings may name it. */
  | {
      readonly type: 'own-exemplar';
      /** The answer has the same. */
      readonly question: number;
      readonly files: readonly NamedFile[];
      readonly keepBackground: boolean;
    }
  /** Draws the prior's own views, instead of those that it is drawing; null only ends these. */
  | { readonly type: 'sample'; readonly request: SampleRequest | null }
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  /** Changes a setting of a run from its next step on; `value` as the setting takes it. */
  | {
      readonly type: 'adjust';
      readonly run: RunId;
      readonly path: string;
      readonly value: unknown;
    }
  /** Takes one step of each run, of a session that is paused. */
  | { readonly type: 'step' }
  | { readonly type: 'reset' }
  | { readonly type: 'save'; readonly run: RunId; readonly kind: SavedKind }
  /** Makes what is to be taken home of a run, and shows a mesh in the pane `previewPane`; null forgets it. */
  | { readonly type: 'prepare'; readonly run: RunId; readonly wanted: Wanted | null }
  /** Measures what runs have made; it changes nothing of them. */
  | { readonly type: 'measure'; readonly runs: readonly RunId[] }
  /** Reports what a run sees at every so many of its steps from the next one on; 0 for at none. */
  | { readonly type: 'watch'; readonly run: RunId; readonly every: number }
  | {
      readonly type: 'attach';
      readonly run: RunId;
      readonly canvas: OffscreenCanvas;
      readonly size: CanvasSize;
    }
  | { readonly type: 'resize'; readonly run: RunId; readonly size: CanvasSize }
  /** What all panes show of their fields from now on. */
  | { readonly type: 'shade'; readonly shading: ShadingMode }
  /**
   * Shows over the fields of all panes the surface at a density per unit length, 0 for the one whose outline is that
   * of the views; null shows none.
   */
  | { readonly type: 'overlay'; readonly level: number | null }
  /** Whether all objects turn, all alike. */
  | { readonly type: 'turn'; readonly on: boolean }
  /** Lets the cameras of panes stand where that of the first of them stands. */
  | { readonly type: 'gather'; readonly runs: readonly RunId[] }
  /** Moves the cameras of all the panes named, together. */
  | { readonly type: 'orbit'; readonly runs: readonly RunId[]; readonly move: OrbitMove };

/** The pane that shows a mesh as it would be saved: no run's. */
export const previewPane: RunId = 'preview';

/** An object that the prior's library offers. */
export interface FoundExemplar {
  readonly id: string;
  readonly name: string;
  readonly author: string;
  readonly licence: string;
  /** Square views side by side, on nothing. */
  readonly image: Image;
}

/** What the prior was taught objects by. */
export interface ShownPhrase {
  readonly phrase: string;
  /** Objects that it is said of. */
  readonly count: number;
  /** What finds its kind, where it stands for one. */
  readonly noun?: string;
  /** A square view of one of them, on nothing. */
  readonly image: Image;
}

/** A word of a prompt that the prior was not taught, and the nearest that it was. */
export interface UnknownWord {
  readonly word: string;
  readonly nearest?: string;
}

/** What the session as a whole is doing. */
export type SessionState = 'idle' | 'preparing' | 'training' | 'paused' | 'finished';

export type RunState = 'training' | 'finished' | 'failed' | 'ended';

/** Where the engine runs, for people. */
export interface EngineInfo {
  /** The adapter's own name. */
  readonly adapter: string;
  /** True when shaders run on the CPU. */
  readonly software: boolean;
  /** Where and how the denoiser runs. */
  readonly denoiser: string;
  readonly model: string;
}

/** Of a session, from the engine to the page. */
export type SessionReport =
  | { readonly type: 'session'; readonly state: SessionState }
  | {
      readonly type: 'run';
      readonly run: RunId;
      readonly state: RunState;
      readonly settings: Settings;
      /** What was changed of them while it ran. */
      readonly changes: readonly SettingsChange[];
      /** Steps taken. */
      readonly step: number;
    }
  | { readonly type: 'step'; readonly run: RunId; readonly report: StepReport }
  /** Before the report of that step. */
  | { readonly type: 'watched'; readonly run: RunId; readonly watched: WatchedStep }
  /** The storage keeps a run under this name from now on, or again in its newest state. */
  | { readonly type: 'kept'; readonly run: RunId; readonly stored: StoredId }
  /** What of a prompt the prior does not take in, or what the storage lacks. */
  | { readonly type: 'note'; readonly message: string }
  /** The first file is the one to open. */
  | {
      readonly type: 'saved';
      readonly run: RunId;
      readonly kind: SavedKind;
      readonly files: readonly SavedFile[];
    }
  /** The prior's own views after so many steps; after all of them they are done. Runs wait until then. */
  | {
      readonly type: 'sample';
      readonly request: SampleRequest;
      readonly step: number;
      readonly steps: number;
      /** Square views side by side, on nothing. */
      readonly image: Image;
    }
  /**
   * What happened and what to do; `run` is null when it concerns all of them or none. `saving` is what
   * failed to be saved, `starting` says that the run could not be made, `sampling` that it was the sample that failed.
   */
  | {
      readonly type: 'error';
      readonly run: RunId | null;
      readonly message: string;
      readonly saving?: SavedKind;
      readonly starting?: true;
      readonly sampling?: true;
    };

/** From the engine to the page. */
export type Report =
  | SessionReport
  /** The objects that fit words best, the best first. */
  | { readonly type: 'found'; readonly words: string; readonly found: readonly FoundExemplar[] }
  | { readonly type: 'taught'; readonly words: string; readonly phrases: readonly ShownPhrase[] }
  | { readonly type: 'checked'; readonly prompt: string; readonly unknown: readonly UnknownWord[] }
  /** What a visitor's own exemplar looks like to the prior, and what was done to it. */
  | {
      readonly type: 'own-exemplar';
      readonly question: number;
      readonly name: string;
      /** The views that are known, side by side, on nothing. */
      readonly image: Image;
      readonly views: number;
      readonly notes: readonly string[];
    }
  /** How far what is to be taken home is made, as a share. */
  | { readonly type: 'preparing'; readonly run: RunId; readonly share: number }
  | {
      readonly type: 'prepared';
      readonly run: RunId;
      readonly wanted: Wanted;
      readonly prepared: Prepared;
    }
  /** It could not be made. */
  | { readonly type: 'unprepared'; readonly run: RunId; readonly message: string }
  /** What a run had made after so many steps. */
  | {
      readonly type: 'measured';
      readonly run: RunId;
      readonly step: number;
      readonly measures: Measures;
    }
  | { readonly type: 'unmeasured'; readonly run: RunId; readonly message: string }
  /** The surface that a pane shows over its field; no triangles where nothing is so dense. */
  | {
      readonly type: 'surface';
      readonly run: RunId;
      readonly level: number;
      readonly triangles: number;
    }
  /** It holds the lock that it was told to hold. */
  | { readonly type: 'alive' }
  /** What the storage keeps, newest first; `used` and `quota` in bytes. */
  | {
      readonly type: 'shelf';
      readonly runs: readonly StoredRun[];
      readonly used: number;
      readonly quota: number;
    }
  /** A stored run as a file. */
  | { readonly type: 'exported'; readonly stored: StoredId; readonly file: SavedFile }
  /** The device is gone, and the engine with it. */
  | { readonly type: 'lost'; readonly message: string }
  /** An engine takes the place of one that is gone: canvases and runs are to be given to it anew. */
  | { readonly type: 'restarting'; readonly message: string }
  /** Bytes of one of the prior's files; `total` is 0 while it is not known. */
  | {
      readonly type: 'download';
      readonly file: string;
      readonly received: number;
      readonly total: number;
    }
  | { readonly type: 'ready'; readonly info: EngineInfo }
  /** The engine cannot start or go on; nothing but a reload helps. */
  | { readonly type: 'fatal'; readonly message: string };
