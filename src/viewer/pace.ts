/** Sides in pixels that pictures are rendered at: a step changes the cost by about two. */
const sides = [48, 64, 96, 128, 192, 256, 384, 512, 768, 1024] as const;

/** The largest of the pictures' sides that is not above `side`, or the smallest there is. */
export function sideAtMost(side: number): number {
  return sides.findLast((candidate) => candidate <= side) ?? sides[0];
}

/** What pictures may cost. */
export interface Pace {
  /** Milliseconds that one should stay below. */
  readonly frame: number;
  /** Share of the time that they may take in all. */
  readonly share: number;
  /** Side below which they are not worth showing. */
  readonly least: number;
}

/** What the pictures are for. */
export interface Occasion {
  readonly training: boolean;
  /** Whether the camera is on its way. */
  readonly moving: boolean;
  /** Whether shaders run on the CPU. */
  readonly software: boolean;
}

/**
 * While training, pictures take what training can spare; a camera that moves comes first; a still may take its time.
 * On a software adapter it leaves as much again: the browser draws the page itself on the same processor, between
 * our pictures, and a page that is not drawn answers nobody.
 */
export function paceOf({ training, moving, software }: Occasion): Pace {
  const least = software ? 64 : 192;
  if (moving) return { frame: software ? 40 : 12, share: 0.8, least };
  if (training) return { frame: software ? 80 : 8, share: 0.2, least };
  return { frame: software ? 1500 : 100, share: software ? 0.5 : 1, least };
}

/**
 * The side to render next after a picture of `side` took `milliseconds`: one smaller when that was too
 * slow, the largest that its cost by area affords when there is room to spare, at most `most`.
 */
export function nextSide(side: number, milliseconds: number, pace: Pace, most: number): number {
  const within = (value: number) => Math.min(sideAtMost(most), Math.max(pace.least, value));
  if (milliseconds > pace.frame) return within(sideAtMost(side - 1));
  const affordable = side * Math.sqrt((0.6 * pace.frame) / milliseconds);
  return within(Math.max(side, sideAtMost(affordable)));
}

/** Milliseconds to wait after a picture that took `milliseconds`, so that they keep to their share. */
export function pauseAfter(milliseconds: number, { share }: Pace): number {
  return milliseconds / share - milliseconds;
}
