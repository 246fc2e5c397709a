import type { ShadingMode } from '../render/shading_mode';
import type { Settings } from '../settings';

/** Kinds of file that a video is written as. */
export const containers = ['mp4', 'webm'] as const;

export type Container = (typeof containers)[number];

/** What can be made of a run to be taken home. */
export type Wanted =
  /** Its mesh, by other settings than those of the run where `mesh` says so. */
  | { readonly kind: 'object'; readonly mesh: Partial<Settings['mesh']> }
  /** What its pane shows, on nothing. */
  | { readonly kind: 'picture'; readonly size: number; readonly shading: ShadingMode }
  | {
      readonly kind: 'turntable';
      readonly container: Container;
      /** Side in pixels. */
      readonly size: number;
      /** Of one turn. */
      readonly seconds: number;
      readonly shading: ShadingMode;
      /** Display sRGB in [0, 1] behind the object. */
      readonly background: readonly [number, number, number];
    };

/** What was made: these bytes and no others are what is saved. */
export interface Prepared {
  /** The first is the one to open. */
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array<ArrayBuffer> }[];
  /** Steps that the run had taken. */
  readonly step: number;
  /** What is in them, in words. */
  readonly content: readonly string[];
}
