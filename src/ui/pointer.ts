import type { OrbitMove } from '../protocol/messages';

/** Share of the pane's height that an arrow key stands for. */
const keyStep = 0.06;
const zoomStep = 1.1;

export interface OrbitListener {
  /** Whether the canvas shows something that turns; otherwise what is done to it is the page's. */
  readonly isOn: () => boolean;
  readonly move: (move: OrbitMove) => void;
}

/** Turns what is done to a canvas by pointer, wheel and keys into movements of its camera. */
export function listenForOrbits(canvas: HTMLCanvasElement, { isOn, move }: OrbitListener): void {
  const pointers = new Map<number, { x: number; y: number }>();

  canvas.addEventListener('pointerdown', (event) => {
    if (!isOn()) return;
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  canvas.addEventListener('pointermove', (event) => {
    const last = pointers.get(event.pointerId);
    if (!last) return;
    const now = { x: event.clientX, y: event.clientY };
    const before = spread(pointers);
    pointers.set(event.pointerId, now);
    const height = canvas.clientHeight || 1;
    // Two fingers zoom, and turn half as far for each of them.
    const share = 1 / (height * pointers.size);
    move({
      drag: [(now.x - last.x) * share, (now.y - last.y) * share],
      zoom: pointers.size === 2 ? before / spread(pointers) : 1,
    });
  });
  for (const end of ['pointerup', 'pointercancel', 'lostpointercapture'] as const) {
    canvas.addEventListener(end, ({ pointerId }) => pointers.delete(pointerId));
  }
  canvas.addEventListener(
    'wheel',
    (event) => {
      if (!isOn()) return;
      event.preventDefault();
      move({ drag: [0, 0], zoom: Math.exp(Math.sign(event.deltaY) * wheelZoom(event)) });
    },
    { passive: false },
  );
  canvas.addEventListener('keydown', (event) => {
    const made = keyMoves[event.key];
    if (!made || !isOn() || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    move(made);
  });
}

/** Wheels report pixels, lines or pages; a notch is about a tenth either way. */
const wheelZoom = ({ deltaY, deltaMode }: WheelEvent) =>
  Math.min(0.2, Math.abs(deltaY) * (deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 0.001 : 0.04));

/** Distance between the first two pointers; 1 when there are fewer. */
function spread(pointers: ReadonlyMap<number, { x: number; y: number }>): number {
  const [a, b] = pointers.values();
  return a && b ? Math.max(1, Math.hypot(a.x - b.x, a.y - b.y)) : 1;
}

const turn = (x: number, y: number): OrbitMove => ({ drag: [x * keyStep, y * keyStep], zoom: 1 });
const zoom = (factor: number): OrbitMove => ({ drag: [0, 0], zoom: factor });

const keyMoves: Readonly<Record<string, OrbitMove>> = {
  ArrowLeft: turn(1, 0),
  ArrowRight: turn(-1, 0),
  ArrowUp: turn(0, 1),
  ArrowDown: turn(0, -1),
  '+': zoom(1 / zoomStep),
  '=': zoom(1 / zoomStep),
  '-': zoom(zoomStep),
};
