// Where an instrument's bars are, in metres: real ones, toys, and bars cut, drawn or taped. Proportions vary on purpose,
// so that nothing about a nominal instrument can be learnt.
import { cos, pow, sin } from './exact-math.js';
import type { Random } from './random.js';

/**
 * What is played. `row`: the accidentals alone, as in 2017; `keyboard`: naturals and accidentals; `toy`: a small
 * xylophone or glockenspiel; `planks`: any row of boards. The rest is the paper family: `cardboard` cut out, drawn on
 * `paper` or a `whiteboard`, `tape` on a table.
 */
export type InstrumentKind = 'row' | 'keyboard' | 'toy' | 'planks' | 'cardboard' | 'paper' | 'whiteboard' | 'tape';

/** Kinds of instrument, in the order of the type. */
export const instrumentKinds: readonly InstrumentKind[] = [
  'row',
  'keyboard',
  'toy',
  'planks',
  'cardboard',
  'paper',
  'whiteboard',
  'tape',
];

/** A point of the plan view, metres: x from low to high notes, y from the player's side away. */
export type PlanPoint = readonly [x: number, y: number];

/** A bar on the plan view. */
export interface Bar {
  /** MIDI number. */
  readonly midi: number;
  /** 0 for the row nearest to the player. */
  readonly row: number;
  /** Corners of the upper face: far low, far high, near high, near low; metres. */
  readonly plan: readonly [PlanPoint, PlanPoint, PlanPoint, PlanPoint];
  /** Height of the upper face, metres; 0 is the upper face of row 0. */
  readonly top: number;
  /** Metres from upper to lower face. */
  readonly thickness: number;
}

/** An instrument: its bars, low to high. */
export interface Instrument {
  /** What it is. */
  readonly kind: InstrumentKind;
  /** Bars, ascending MIDI numbers. */
  readonly bars: readonly Bar[];
  /** Bars stand on a frame, high above the floor; otherwise they lie on a table. */
  readonly framed: boolean;
  /** Height of what lies directly under the bars (table top, or bottom of the frame), metres, below 0. */
  readonly ground: number;
  /** Size of the bar field on the plan view, metres. */
  readonly bounds: { readonly x0: number; readonly x1: number; readonly y0: number; readonly y1: number };
  /** Size against a full-grown marimba: scales strokes and mallets, 0.4..1. */
  readonly scale: number;
}

/** A point on a bar: `across` 0 (low side) .. 1 (high side), `along` 0 (near end) .. 1 (far end). */
export function pointOnBar(bar: Bar, across: number, along: number): PlanPoint {
  const [farLow, farHigh, nearHigh, nearLow] = bar.plan;
  const at = (axis: 0 | 1): number => {
    const near = nearLow[axis] + (nearHigh[axis] - nearLow[axis]) * across;
    const far = farLow[axis] + (farHigh[axis] - farLow[axis]) * across;
    return near + (far - near) * along;
  };
  return [at(0), at(1)];
}

/** Whether a point of the plan view lies on the bar, or within `margin` metres around it. */
export function insideBar(bar: Bar, x: number, y: number, margin = 0): boolean {
  for (let i = 0; i < 4; i++) {
    // No destructuring: this runs for every ray.
    const from = bar.plan[i];
    const to = bar.plan[(i + 1) & 3];
    const dx = to[0] - from[0];
    const dy = to[1] - from[1];
    // Clockwise seen from above: inside is to the right of every edge.
    const side = (x - from[0]) * dy - (y - from[1]) * dx;
    if (margin === 0 ? side < 0 : side < -margin * Math.sqrt(dx * dx + dy * dy)) return false;
  }
  return true;
}

const blackKeys = [1, 3, 6, 8, 10];
const isBlack = (midi: number): boolean => blackKeys.includes(midi % 12);
// Places of the twelve pitch classes along the keyboard, in naturals; accidentals sit between.
const places = [0, 0.5, 1, 1.5, 2, 3, 3.5, 4, 4.5, 5, 5.5, 6];
const place = (midi: number): number => 7 * Math.floor(midi / 12) + places[midi % 12];

interface Slot {
  midi: number;
  row: number;
  at: number;
}

/** `count` notes from `first` upwards that pass the filter. */
function collect(first: number, count: number, keep: (midi: number) => boolean): number[] {
  const notes: number[] = [];
  for (let midi = first; notes.length < count && midi <= 120; midi++) if (keep(midi)) notes.push(midi);
  return notes;
}

function chooseSlots(kind: InstrumentKind, random: Random, wanted: readonly number[]): Slot[] {
  const keyboardLike = kind === 'keyboard' || (wanted.length > 0 && wanted.some(isBlack) && !wanted.every(isBlack));
  if (keyboardLike) {
    let first = random.pick([41, 45, 48, 53, 60, 65]);
    let last = first + random.pick([24, 29, 31, 36, 43]);
    if (wanted.length > 0) {
      first = Math.min(...wanted) - random.int(0, 3);
      last = Math.max(Math.max(...wanted) + random.int(0, 3), first + 12);
    }
    return collect(Math.max(0, first), last - first + 1, () => true).map((midi) => ({
      midi,
      row: isBlack(midi) ? 1 : 0,
      at: place(midi),
    }));
  }
  const accidentals =
    wanted.length > 0 ? wanted.every(isBlack) : kind === 'row' || (kind !== 'toy' && random.chance(0.4));
  const keep = accidentals ? isBlack : (midi: number): boolean => !isBlack(midi);
  let notes: number[];
  if (wanted.length > 0) {
    const first = Math.min(...wanted) - random.int(0, 3);
    notes = collect(Math.max(0, first), 128, keep).filter((midi) => midi <= Math.max(...wanted) + 3);
  } else if (kind === 'row') {
    notes = random.chance(0.55)
      ? collect(66, 18, keep)
      : collect(random.pick([42, 46, 49, 54, 58, 61, 66, 70]), random.int(10, 20), keep);
  } else if (kind === 'toy')
    notes = collect(random.pick([60, 65, 67, 72]), random.pick([8, 8, 8, 10, 11, 12, 13, 15]), keep);
  else notes = collect(random.pick([48, 54, 60, 61, 66]), random.int(7, 18), keep);
  // Groups of three and two, or all alike.
  const grouped = accidentals && (kind === 'row' || random.chance(0.6));
  return notes.map((midi, i) => ({ midi, row: 0, at: grouped ? place(midi) : i }));
}

interface Proportions {
  pitch: number;
  framed: boolean;
  thickness: number;
  longest: number;
  /** Length of the highest bar over that of the lowest. */
  taper: number;
  jitter: number;
  gap: number;
}

function choose(kind: InstrumentKind, random: Random): Proportions {
  switch (kind) {
    case 'row':
    case 'keyboard':
      return {
        pitch: random.range(0.04, 0.056),
        framed: true,
        thickness: random.range(0.016, 0.025),
        longest: random.range(0.27, 0.44),
        taper: random.range(0.36, 0.68),
        jitter: random.chance(0.5) ? 0 : random.range(0, 0.25),
        gap: random.range(0.08, 0.24),
      };
    case 'toy':
      return {
        pitch: random.range(0.024, 0.036),
        framed: true,
        thickness: random.range(0.003, 0.012),
        longest: random.range(0.12, 0.22),
        taper: random.range(0.45, 0.85),
        jitter: random.range(0, 0.3),
        gap: random.range(0.12, 0.4),
      };
    case 'planks':
      return {
        pitch: random.range(0.04, 0.075),
        framed: random.chance(0.5),
        thickness: random.range(0.008, 0.03),
        longest: random.range(0.18, 0.45),
        taper: random.range(0.4, 1),
        jitter: random.range(0, 0.6),
        gap: random.range(0.08, 0.5),
      };
    default:
      return {
        pitch: random.range(0.034, 0.07),
        framed: false,
        thickness: kind === 'cardboard' ? random.range(0.0008, 0.005) : 0.0002,
        longest: random.range(0.16, 0.42),
        taper: random.range(0.35, 1),
        jitter: random.range(0.25, 1),
        gap: random.range(0.06, 0.5),
      };
  }
}

/**
 * Draws an instrument of a kind.
 * @param wanted MIDI numbers it must have; none: any.
 */
export function drawInstrument(kind: InstrumentKind, random: Random, wanted: readonly number[] = []): Instrument {
  const slots = chooseSlots(kind, random, wanted);
  const { pitch, framed, thickness, longest, taper, jitter, gap } = choose(kind, random);
  const rows = 1 + Math.max(...slots.map((slot) => slot.row));
  const firstPlace = slots[0].at;
  const span = Math.max(1, slots[slots.length - 1].at - firstPlace);
  // The pitch shrinks towards the high notes; `narrow` is how much in all.
  const narrow = random.range(0, kind === 'row' || kind === 'keyboard' ? 0.3 : 0.35);
  const align = rows === 2 ? 0 : random.weighted({ near: 0.5, centre: 0.38, far: 0.12 });
  const lift = rows === 2 && random.chance(0.7) ? random.range(0.004, 0.022) : 0;
  const overlap = lift > 0.008 ? random.range(-0.01, 0.022) : random.range(-0.025, -0.004);
  const accidentalLength = random.range(0.78, 1.0);
  const widthSlope = random.range(-0.12, 0.02);
  const lean = rows === 2 ? 0 : random.range(-1, 1) * (random.chance(0.3) ? 0.12 : 0.02);

  const bars = slots.map(({ midi, row, at }): Bar => {
    const t = (at - firstPlace) / span;
    const centre = pitch * span * (t - (narrow / 2) * t * t) - (pitch * span * (1 - narrow / 2)) / 2;
    const local = pitch * (1 - narrow * t);
    const width = local * (1 - gap) * (1 + widthSlope * t) * (1 + 0.12 * jitter * random.range(-1, 1));
    const length =
      longest * pow(taper, t) * (row === 1 ? accidentalLength : 1) * (1 + 0.1 * jitter * random.range(-1, 1));
    const slack = local * gap;
    const x = centre + jitter * slack * 0.35 * random.range(-1, 1);
    let near: number;
    if (rows === 2) near = row === 0 ? -length : -overlap;
    else near = align === 'near' ? 0 : align === 'far' ? longest - length : (longest - length) / 2;
    near += jitter * 0.02 * random.range(-1, 1);
    // Crooked within the room its neighbours leave.
    const angle = lean * t + ((jitter * slack) / length) * 0.9 * random.range(-1, 1);
    const c = cos(angle);
    const s = sin(angle);
    const rough = kind === 'cardboard' || kind === 'paper' || kind === 'whiteboard' || kind === 'tape' ? jitter : 0;
    const corner = (side: number, end: number): PlanPoint => {
      const u = (side * width) / 2 + rough * 0.05 * width * random.range(-1, 1);
      const v = (end * length) / 2 + rough * 0.03 * length * random.range(-1, 1);
      return [x + u * c + v * s, near + length / 2 - u * s + v * c];
    };
    return {
      midi,
      row,
      plan: [corner(-1, 1), corner(1, 1), corner(1, -1), corner(-1, -1)],
      top: row === 1 ? lift : 0,
      thickness,
    };
  });
  const xs = bars.flatMap((bar) => bar.plan.map(([x]) => x));
  const ys = bars.flatMap((bar) => bar.plan.map(([, y]) => y));
  const bounds = { x0: Math.min(...xs), x1: Math.max(...xs), y0: Math.min(...ys), y1: Math.max(...ys) };
  const standing = kind === 'toy' ? random.range(0.02, 0.05) : random.range(0.07, 0.14);
  return {
    kind,
    bars,
    framed,
    ground: -(framed ? standing : thickness),
    bounds,
    scale: kind === 'toy' ? random.range(0.5, 0.7) : random.range(0.8, 1.05),
  };
}

/** Corners of the bar field on the plan view and their heights: outer far corner of the lowest bar, outer far corner
 * of the highest, outer near corner of the highest, outer near corner of the lowest. Two rows: the outer of both. */
export function fieldCorners({ bars }: Instrument): readonly (readonly [x: number, y: number, z: number])[] {
  const rowOf = (row: number): readonly Bar[] => bars.filter((bar) => bar.row === row);
  const near = rowOf(0);
  const far = rowOf(Math.max(...bars.map((bar) => bar.row)));
  const corner = (bar: Bar, index: 0 | 1 | 2 | 3): readonly [number, number, number] => [
    bar.plan[index][0],
    bar.plan[index][1],
    bar.top,
  ];
  return [corner(far[0], 0), corner(far[far.length - 1], 1), corner(near[near.length - 1], 2), corner(near[0], 3)];
}
