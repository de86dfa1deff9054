// The solids of a scene as rays meet them: upright prisms with four sides, seen from one camera.
import type { Instrument, PlanPoint } from './instrument.js';
import type { Look } from './look.js';
import type { Random } from './random.js';
import { hsv, type Colour } from './texture.js';
import type { Vector } from './camera.js';

/** What a ray meets. */
export type Surface = 'bar' | 'frame' | 'table' | 'sheet' | 'cloth' | 'thing' | 'rod';

/** An upright prism over a convex quadrilateral, prepared for rays from one point. */
export interface Prism {
  /** What it is. */
  readonly surface: Surface;
  /** Index of the bar, or -1. */
  readonly bar: number;
  /** Own colour, where there is no texture. */
  readonly colour: Colour;
  /** Upper and lower face, metres. */
  readonly z0: number;
  /** Upper face. */
  readonly z1: number;
  /** Outward normals of the sides: x0 y0 x1 y1 ... */
  readonly normals: Float64Array;
  /** Distance from the eye to each side's plane, along its normal. */
  readonly offsets: Float64Array;
  /** Bounds on the plan view: x0, x1, y0, y1. */
  readonly bounds: readonly [number, number, number, number];
}

/** Makes a prism; `plan` runs clockwise seen from above. */
export function prism(
  surface: Surface,
  plan: readonly PlanPoint[],
  z0: number,
  z1: number,
  colour: Colour,
  eye: Vector,
  bar = -1,
): Prism {
  const normals = new Float64Array(8);
  const offsets = new Float64Array(4);
  for (let i = 0; i < 4; i++) {
    const [ax, ay] = plan[i];
    const [bx, by] = plan[(i + 1) & 3];
    const dx = bx - ax;
    const dy = by - ay;
    const length = Math.max(1e-9, Math.sqrt(dx * dx + dy * dy));
    normals[2 * i] = -dy / length;
    normals[2 * i + 1] = dx / length;
    offsets[i] = (ax - eye[0]) * normals[2 * i] + (ay - eye[1]) * normals[2 * i + 1];
  }
  const xs = plan.map(([x]) => x);
  const ys = plan.map(([, y]) => y);
  return {
    surface,
    bar,
    colour,
    z0,
    z1,
    normals,
    offsets,
    bounds: [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)],
  };
}

/** Where a ray from the eye enters the prism, as a multiple of its direction, and through which side (0..3, 4 above, 5 below); -1 where it misses. */
export function enter(solid: Prism, ray: Float64Array, eyeZ: number, hit: { t: number; side: number }): boolean {
  const dx = ray[0];
  const dy = ray[1];
  const dz = ray[2];
  let from = 0;
  let to = hit.t;
  let side = -1;
  // Faces above and below first: most rays look down.
  if (dz < 0) {
    from = (solid.z1 - eyeZ) / dz;
    side = 4;
    const below = (solid.z0 - eyeZ) / dz;
    if (below < to) to = below;
  } else if (dz > 0) {
    from = (solid.z0 - eyeZ) / dz;
    side = 5;
    const above = (solid.z1 - eyeZ) / dz;
    if (above < to) to = above;
  } else if (eyeZ < solid.z0 || eyeZ > solid.z1) return false;
  if (from < 0) from = 0;
  const { normals, offsets } = solid;
  for (let i = 0; i < 4; i++) {
    const rate = normals[2 * i] * dx + normals[2 * i + 1] * dy;
    const offset = offsets[i];
    if (rate > 1e-12) {
      const t = offset / rate;
      if (t < to) to = t;
    } else if (rate < -1e-12) {
      const t = offset / rate;
      if (t > from) {
        from = t;
        side = i;
      }
    } else if (offset < 0) return false;
    if (from > to) return false;
  }
  if (from <= 0 || side < 0) return false;
  hit.t = from;
  hit.side = side;
  return true;
}

const rectangle = (x0: number, x1: number, y0: number, y1: number): PlanPoint[] => [
  [x0, y1],
  [x1, y1],
  [x1, y0],
  [x0, y0],
];

/** A strip from a to b, `width` metres wide. */
function strip(a: PlanPoint, b: PlanPoint, width: number): PlanPoint[] {
  const dx = b[0] - a[0];
  const dy = b[1] - a[1];
  const k = width / 2 / Math.max(1e-9, Math.sqrt(dx * dx + dy * dy));
  return [
    [a[0] - dy * k, a[1] + dx * k],
    [b[0] - dy * k, b[1] + dx * k],
    [b[0] + dy * k, b[1] - dx * k],
    [a[0] + dy * k, a[1] - dx * k],
  ];
}

const middle = ([a, b]: readonly PlanPoint[], [c, d]: readonly PlanPoint[], along: number): PlanPoint => [
  ((a[0] + b[0]) / 2) * along + ((c[0] + d[0]) / 2) * (1 - along),
  ((a[1] + b[1]) / 2) * along + ((c[1] + d[1]) / 2) * (1 - along),
];

/** Everything solid but the bars: rails, boards, table, sheet, cloth, and what stands and lies around. */
export function surroundings(instrument: Instrument, look: Look, eye: Vector, random: Random): Prism[] {
  const { bars, bounds, ground, framed, kind } = instrument;
  const solids: Prism[] = [];
  const black: Colour = [0.02, 0.02, 0.02];
  if (look.table) {
    const [left, right, near, far] = look.table;
    const plan = rectangle(bounds.x0 - left, bounds.x1 + right, bounds.y0 - near, bounds.y1 + far);
    solids.push(prism('table', plan, ground - 0.03, ground, black, eye));
  }
  if (look.sheet) {
    const m = look.sheetMargin;
    const plan = rectangle(bounds.x0 - m, bounds.x1 + m * 1.3, bounds.y0 - m * 0.8, bounds.y1 + m);
    solids.push(prism('sheet', plan, ground, ground + 0.00015, black, eye));
  }
  if (framed) {
    const under = -Math.max(...bars.map((bar) => bar.thickness)) - 0.002;
    const railDepth = Math.max(0.008, Math.min(0.045, (under - ground) * 0.7));
    const width = look.frameWidth * 0.6;
    for (const row of new Set(bars.map((bar) => bar.row))) {
      const own = bars.filter((bar) => bar.row === row);
      const first = own[0];
      const last = own[own.length - 1];
      for (const along of [0.2, 0.8]) {
        const a = middle([first.plan[0], first.plan[1]], [first.plan[3], first.plan[2]], along);
        const b = middle([last.plan[0], last.plan[1]], [last.plan[3], last.plan[2]], along);
        const overhang = 0.04 * instrument.scale;
        const z1 = under + first.top;
        solids.push(
          prism(
            'frame',
            strip([a[0] - overhang, a[1]], [b[0] + overhang, b[1]], width),
            z1 - railDepth,
            z1,
            look.frame,
            eye,
          ),
        );
      }
    }
    if (random.chance(0.7)) {
      // End boards: the outline of the frame at either end.
      const lowest = bars[0].plan;
      const highest = bars[bars.length - 1].plan;
      const w = look.frameWidth;
      const gap = 0.012 * instrument.scale;
      const high = random.chance(0.4) ? random.range(-0.002, 0.012) : under;
      const low = Math.max(ground, under - 0.08);
      const lowX = Math.min(lowest[0][0], lowest[3][0], bounds.x0) - gap;
      const highX = bounds.x1 + gap;
      solids.push(
        prism('frame', rectangle(lowX - w, lowX, bounds.y0 + 0.02, bounds.y1 - 0.02), low, high, look.frame, eye),
      );
      const y0 = Math.min(highest[2][1], highest[3][1]);
      const y1 = Math.max(highest[0][1], highest[1][1]);
      const rows2 = kind === 'keyboard' ? bars[bars.length - 2].plan : highest;
      solids.push(
        prism(
          'frame',
          rectangle(highX, highX + w, Math.min(y0, rows2[2][1]), Math.max(y1, rows2[1][1])),
          low,
          high,
          look.frame,
          eye,
        ),
      );
    }
  }
  if (look.cloth) {
    const edge = -random.range(0.006, 0.03);
    const depth = random.range(0.2, 0.6);
    const z = random.range(-0.02, 0.004);
    const left = bounds.x0 - random.range(0.02, 0.2);
    const right = bounds.x1 + random.range(-0.05, 0.2);
    const strips = 7;
    const hems = Array.from({ length: strips + 1 }, (_, i): readonly [PlanPoint, PlanPoint] => {
      const x = left + ((right - left) * (i + (i > 0 && i < strips ? random.range(-0.3, 0.3) : 0))) / strips;
      return [
        [x, bounds.y0 + edge + random.range(-0.018, 0.004)],
        [x + random.range(-0.03, 0.03), bounds.y0 + edge - depth * random.range(0.8, 1)],
      ];
    });
    for (let i = 0; i < strips; i++) {
      const plan = [hems[i][0], hems[i + 1][0], hems[i + 1][1], hems[i][1]];
      solids.push(prism('cloth', plan, z - 0.03, z, black, eye));
    }
  }
  for (let i = 0; i < look.clutter; i++) {
    // Mostly black metal and wood, sometimes a coloured thing.
    const colour = random.chance(0.7)
      ? hsv(random.range(0.03, 0.12), random.range(0, 0.5), random.range(0.04, 0.5))
      : hsv(random.unit(), random.range(0, 0.7), random.range(0.1, 0.9));
    const far = random.chance(0.6);
    const margin = random.range(0.06, 0.5);
    if (look.table && random.chance(0.6)) {
      // Books, cups, telephones: low, and clear of the bars.
      const w = random.range(0.04, 0.2);
      const d = random.range(0.03, 0.15);
      const x = random.range(bounds.x0 - 0.2, bounds.x1 + 0.2);
      const y = far ? bounds.y1 + margin * 0.5 + d : bounds.y0 - margin * 0.6 - d;
      const plan = strip([x - w, y + random.range(-0.04, 0.04)], [x + w, y + random.range(-0.04, 0.04)], d);
      solids.push(prism('thing', plan, ground, ground + random.ratio(0.002, 0.05), colour, eye));
    } else {
      // Stands, legs, cables on the floor.
      const x = random.range(bounds.x0 - 0.6, bounds.x1 + 0.6);
      const y = far ? bounds.y1 + margin * 1.5 : bounds.y0 - margin * 1.2;
      const dx = random.range(-0.7, 0.7);
      const dy = random.range(-0.4, 0.4);
      const z0 = look.floorHeight;
      const plan = strip([x - dx, y - dy], [x + dx, y + dy], random.ratio(0.01, 0.09));
      if (z0 < ground - 0.05) solids.push(prism('rod', plan, z0, z0 + random.ratio(0.01, 0.3), colour, eye));
    }
  }
  return solids;
}
