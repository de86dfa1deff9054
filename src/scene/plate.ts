// The picture without the player: rays to bars, frame, table, floor and walls, lit by lamps and a window.
// Made once per camera and look; everything that moves is drawn over it later.
import { unit, type Vector, type View } from './camera.js';
import { cos, sin } from './exact-math.js';
import { cells, indexRow } from './bar-index.js';
import { hides, meetBall, placeBody } from './body.js';
import { insideBar, type Bar, type Instrument } from './instrument.js';
import type { Look } from './look.js';
import { hash, Random } from './random.js';
import { enter, prism, surroundings, type Prism } from './solids.js';
import { noise, Texture } from './texture.js';

/** The still part of a clip. */
export interface Plate {
  /** [height x width x 3], linear light. */
  readonly light: Float32Array;
  /** [height x width], 1 where floor, wall or table is seen: what something behind the instrument would cover. */
  readonly backdrop: Float32Array;
}

// A bar's own axes, for what is drawn on it.
interface Axes {
  readonly x: number;
  readonly y: number;
  readonly alongX: number;
  readonly alongY: number;
  readonly length: number;
  readonly half: number;
  readonly tiltU: number;
  readonly tiltV: number;
}

function axesOf({ plan }: Bar, random: Random): Axes {
  const [[ax, ay], [bx, by], [cx, cy], [dx, dy]] = plan;
  const vx = (ax + bx - cx - dx) / 2;
  const vy = (ay + by - cy - dy) / 2;
  const length = Math.sqrt(vx * vx + vy * vy);
  const wx = (bx + cx - ax - dx) / 2;
  const wy = (by + cy - ay - dy) / 2;
  return {
    x: (ax + bx + cx + dx) / 4,
    y: (ay + by + cy + dy) / 4,
    alongX: vx / length,
    alongY: vy / length,
    length,
    half: Math.sqrt(wx * wx + wy * wy) / 2,
    tiltU: random.range(-1, 1) * 0.025,
    tiltV: random.range(-1, 1) * 0.018,
  };
}

/**
 * Renders the still picture.
 * @param seed of the details: grain, clutter, crookedness.
 */
export function renderPlate(instrument: Instrument, look: Look, view: View, seed: number): Plate {
  const { width, height, position: eye } = view;
  const random = new Random(seed, 'plate');
  const { bars: barLook, lights } = look;
  const tile = width <= 96 ? 64 : width <= 240 ? 128 : 256;
  const floor = new Texture(look.floor, tile);
  const wall = new Texture(look.wall, tile);
  const ground = new Texture(look.ground, tile);
  const sheet = look.sheet && new Texture(look.sheet, tile);
  const cloth = look.cloth && new Texture(look.cloth, tile);
  const { bars } = instrument;
  const axes = bars.map((bar) => axesOf(bar, random));
  const solids = surroundings(instrument, look, eye, random).filter((solid) => !hides(solid, instrument, eye));
  const rows = [...new Set(bars.map((bar) => bar.row))].map((row) =>
    indexRow(
      bars.flatMap((bar, i) =>
        bar.row === row ? [prism('bar', bar.plan, bar.top - bar.thickness, bar.top, barLook.colours[i], eye, i)] : [],
      ),
    ),
  );
  const flat = barLook.material === 'drawn' || barLook.material === 'tape';
  const metal = barLook.material === 'steel' || barLook.material === 'brass';
  const { bounds } = instrument;
  const room = 0.6 + Math.max(2, Math.abs(eye[0]), Math.abs(eye[1]));
  const body = placeBody(instrument, look, eye);

  // Resonator tubes hang under the middle of each row; seen between and below the bars.
  const tubeRadius = ((bounds.x1 - bounds.x0) / Math.max(8, bars.length)) * random.range(0.25, 0.42);
  const tubePitch = tubeRadius * random.range(2.3, 3);
  const tubeLength = random.range(0.15, 0.5);

  const ray = new Float64Array(3);
  const colour = new Float64Array(3);
  const hit = { t: 0, side: 0 };
  const lit = new Float64Array(3);
  // In arrays: numbers that closures share and change would be allocated at every change.
  const normal = new Float64Array(3);
  const jitter = new Float64Array(2);
  const shine = new Float64Array(2);
  const blindsC = cos(look.blinds[2]) / look.blinds[1];
  const blindsS = sin(look.blinds[2]) / look.blinds[1];
  const brightness = lights.map((light) => light.colour[1]);
  const reach = lights.map(({ position: [x, y, z] }) => x * x + y * y + z * z);

  // How far a point of the plan view lies under the instrument, 0..1, with an edge `soft` metres wide.
  const under = (x: number, y: number, soft: number): number => {
    const inside = Math.min(x - bounds.x0, bounds.x1 - x, y - bounds.y0, bounds.y1 - y);
    const s = inside / soft + 0.5;
    return s <= 0 ? 0 : s >= 1 ? 1 : s * s * (3 - 2 * s);
  };

  // Share of a lamp's light that the bars let through to a point.
  const passed = (x: number, y: number, z: number, lx: number, ly: number, lz: number): number => {
    if (z < -0.3) {
      // Far below, the shadows of all the bars run together.
      const s = -z / lz;
      return 1 - 0.6 * under(x + lx * s, y + ly * s, 0.25);
    }
    if (flat) return 1;
    for (const row of rows) {
      const middle = (row.top + row.bottom) / 2;
      if (middle <= z + 0.0004) continue;
      const s = (middle - z) / lz;
      const qx = x + lx * s;
      const qy = y + ly * s;
      if (qy < row.y0 || qy > row.y1) continue;
      const cell = Math.floor((qx - row.x0) * row.perMetre);
      if (cell < 0 || cell >= cells) continue;
      for (let i = row.low[cell]; i <= row.high[cell]; i++) if (insideBar(bars[row.bars[i].bar], qx, qy)) return 0;
    }
    return 1;
  };

  const direction = windowDirection(instrument, look, eye);

  // Light that falls on a point, to `lit`; `open` is the share of the sky it sees.
  const illuminate = (x: number, y: number, z: number, open: number): void => {
    for (let k = 0; k < 3; k++) lit[k] = look.ambient[k] * open;
    for (let n = 0; n < lights.length; n++) {
      const { position, colour: tint, radius } = lights[n];
      let lx = position[0] + jitter[0] * radius - x;
      let ly = position[1] + jitter[1] * radius - y;
      let lz = position[2] - z;
      const squared = lx * lx + ly * ly + lz * lz;
      const inverse = 1 / Math.sqrt(squared);
      lx *= inverse;
      ly *= inverse;
      lz *= inverse;
      let power = (normal[0] * lx + normal[1] * ly + normal[2] * lz) * Math.min(3, reach[n] / squared);
      if (power <= 0 || lz < 0.05) continue;
      if (n === 0 && look.blinds[0] > 0) {
        const stripe = (x - (lx / lz) * z) * blindsC + (y - (ly / lz) * z) * blindsS;
        const wave = sin(stripe * 6.283) * 2.2;
        power *= 1 - look.blinds[0] * (wave < -1 ? 0 : wave > 1 ? 1 : (wave + 1) / 2);
      }
      power *= passed(x, y, z, lx, ly, lz);
      if (power > 0) for (let k = 0; k < 3; k++) lit[k] += tint[k] * power;
    }
  };

  // Mirrored lamps and window, seen from the eye on a surface with the current normal.
  const mirror = (x: number, y: number, z: number, length: number): number => {
    const inverse = 1 / length;
    const dx = ray[0] * inverse;
    const dy = ray[1] * inverse;
    const dz = ray[2] * inverse;
    const facing = dx * normal[0] + dy * normal[1] + dz * normal[2];
    const rx = dx - 2 * facing * normal[0];
    const ry = dy - 2 * facing * normal[1];
    const rz = dz - 2 * facing * normal[2];
    const graze = 1 + Math.min(0, facing);
    const fresnel = metal ? 1 : 0.3 + 0.7 * graze * graze * graze;
    let sum = 0;
    for (let n = 0; n < lights.length; n++) {
      const { position } = lights[n];
      const lx = position[0] - x;
      const ly = position[1] - y;
      const lz = position[2] - z;
      const c = (rx * lx + ry * ly + rz * lz) / Math.sqrt(lx * lx + ly * ly + lz * lz);
      const off = 1 + (1 - c) / shine[1];
      sum += (1.6 * brightness[n]) / (off * off);
    }
    const { strength, width: wide } = look.window;
    if (strength > 0) {
      const c = rx * direction[0] + ry * direction[1] + rz * direction[2];
      const off = 1 + (1 - c) / (wide + shine[1]);
      sum += strength / (off * off);
    }
    return shine[0] * fresnel * (sum + 0.12 * Math.max(0, rz));
  };

  const onGround = (x: number, y: number, footprint: number): void => {
    const m = look.sheetMargin;
    const onSheet =
      sheet && x > bounds.x0 - m && x < bounds.x1 + m * 1.3 && y > bounds.y0 - m * 0.8 && y < bounds.y1 + m;
    (onSheet ? sheet : ground).sample(x, y, footprint, colour);
  };

  // Colour and normal of a bar's upper face.
  const paintBar = (index: number, x: number, y: number, footprint: number): void => {
    const { x: cx, y: cy, alongX, alongY, length, half, tiltU, tiltV } = axes[index];
    const dx = x - cx;
    const dy = y - cy;
    const across = dx * alongY - dy * alongX;
    const u = across / half;
    const along = dx * alongX + dy * alongY + length / 2;
    const v = along / length;
    const own = barLook.colours[index];
    const { grain, bevel, holes } = barLook;
    shine[0] = barLook.gloss;
    shine[1] = barLook.roughness;
    const u2 = u * u;
    const lean = tiltU * bevel + bevel * 0.4 * u2 * u2 * u;
    const slope = bevel * (tiltV + 0.05 * (v - 0.5));
    normal[0] = alongY * lean + alongX * slope;
    normal[1] = -alongX * lean + alongY * slope;
    const inverse = 1 / Math.sqrt(normal[0] * normal[0] + normal[1] * normal[1] + 1);
    normal[0] *= inverse;
    normal[1] *= inverse;
    normal[2] = inverse;
    let bright = 1;
    if (grain > 0.015) {
      const veins = noise(across * 260 + index * 31, along * 9, 1 << 20, index * 7 + seed) - 0.5;
      const fine = noise(across * 700, along * 26 + index * 17, 1 << 20, seed) - 0.5;
      bright += grain * (veins + 0.6 * fine) * 2;
    }
    for (let k = 0; k < 3; k++) colour[k] = own[k] * bright;
    const edge = Math.min((1 - Math.abs(u)) * half, along, length - along);
    if (flat) {
      const { fill, outline, ink } = barLook;
      if (fill < 1) {
        const r = colour[0];
        const g = colour[1];
        const b = colour[2];
        onGround(x, y, footprint);
        const hatch =
          fill > 0 && fill < 0.6 ? (noise((across + along) * 300, index, 1 << 20, seed) > 1 - fill ? 1 : 0) : fill;
        colour[0] += (r - colour[0]) * hatch;
        colour[1] += (g - colour[1]) * hatch;
        colour[2] += (b - colour[2]) * hatch;
      }
      const wobble = outline * (1 + 0.5 * (noise(along * 60 + across * 40, index, 1 << 20, seed) - 0.5));
      if (outline > 0 && edge < wobble) for (let k = 0; k < 3; k++) colour[k] = ink[k];
    } else if (barLook.outline > 0 && edge < barLook.outline) for (let k = 0; k < 3; k++) colour[k] = barLook.ink[k];
    if (barLook.labels && Math.abs(u) < 0.5 && along > 0.1 * length && along < 0.1 * length + half) {
      if (noise(across * 420, along * 420, 1 << 20, index * 13 + seed) > 0.55) {
        for (let k = 0; k < 3; k++) colour[k] = barLook.ink[k];
      }
    }
    if (holes > 0) {
      const a = along - 0.22 * length;
      const b = along - 0.78 * length;
      const near = across * across + Math.min(a * a, b * b);
      if (near < holes * holes) {
        const value = barLook.screws ? 0.55 : 0.015;
        for (let k = 0; k < 3; k++) colour[k] = value;
      } else if (barLook.cord && Math.min(Math.abs(a), Math.abs(b)) < 0.0016) {
        for (let k = 0; k < 3; k++) colour[k] = colour[k] * 0.35 + 0.12;
      }
    }
  };

  const samples = width <= 240 ? 3 : 2;
  const light = new Float32Array(width * height * 3);
  const backdrop = new Float32Array(width * height);
  const share = 1 / (samples * samples);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const o = (row * width + column) * 3;
      for (let s = 0; s < samples * samples; s++) {
        const sx = (s % samples) + 0.5;
        const sy = Math.floor(s / samples) + 0.5;
        view.ray(column + sx / samples, row + sy / samples, ray);
        jitter[0] = 2 * hash(column * samples + s, row * 7 + seed) - 1;
        jitter[1] = 2 * hash(row * samples + s, column * 5 + seed) - 1;
        const dx = ray[0];
        const dy = ray[1];
        const dz = ray[2];
        const length = Math.sqrt(dx * dx + dy * dy + dz * dz);

        // The nearest thing.
        let met: Prism | undefined;
        hit.t = 1e9;
        for (const bank of rows) {
          if (dz >= -1e-6) continue;
          const t0 = (bank.top - eye[2]) / dz;
          const t1 = (bank.bottom - eye[2]) / dz;
          const ya = eye[1] + dy * t0;
          const yb = eye[1] + dy * t1;
          if (Math.max(ya, yb) < bank.y0 || Math.min(ya, yb) > bank.y1) continue;
          const ca = Math.floor((eye[0] + dx * t0 - bank.x0) * bank.perMetre);
          const cb = Math.floor((eye[0] + dx * t1 - bank.x0) * bank.perMetre);
          if ((ca < 0 && cb < 0) || (ca >= cells && cb >= cells)) continue;
          const first = Math.max(0, Math.min(ca, cb));
          const last = Math.min(cells - 1, Math.max(ca, cb));
          let low = bank.low[first];
          let high = bank.high[first];
          for (let cell = first + 1; cell <= last; cell++) {
            if (bank.low[cell] < low) low = bank.low[cell];
            if (bank.high[cell] > high) high = bank.high[cell];
          }
          for (let i = low; i <= high; i++) if (enter(bank.bars[i], ray, eye[2], hit)) met = bank.bars[i];
        }
        for (const solid of solids) if (enter(solid, ray, eye[2], hit)) met = solid;

        let surface: string = met ? met.surface : 'floor';
        let x = eye[0] + dx * hit.t;
        let y = eye[1] + dy * hit.t;
        let z = eye[2] + dz * hit.t;
        let open = 1;
        let behind = 0;
        shine[0] = 0;
        normal[0] = 0;
        normal[1] = 0;
        normal[2] = 1;

        if (look.tubes && dy !== 0) {
          // One upright plane of tubes per row.
          for (const bank of rows) {
            const plane = (bank.y0 + bank.y1) / 2;
            const t = (plane - eye[1]) / dy;
            if (t <= 0 || t >= hit.t) continue;
            const tx = eye[0] + dx * t;
            const tz = eye[2] + dz * t;
            const along = (tx - bounds.x0) / (bounds.x1 - bounds.x0);
            if (along < 0 || along > 1 || tz > bank.bottom - 0.015 || tz < -tubeLength * (1 - 0.65 * along)) continue;
            const cell = (tx - bounds.x0) / tubePitch;
            const off = ((cell - Math.floor(cell) - 0.5) * tubePitch) / tubeRadius;
            if (Math.abs(off) > 1) continue;
            hit.t = t;
            surface = 'tube';
            x = tx;
            y = plane;
            z = tz;
            normal[0] = off;
            normal[1] = -Math.sqrt(1 - off * off) * (eye[1] < plane ? 1 : -1);
            normal[2] = 0;
            for (let k = 0; k < 3; k++) colour[k] = look.tubes[k];
            shine[0] = 0.4;
            shine[1] = 0.05;
            open = 0.45;
          }
        }
        if (body) {
          for (const ball of body) {
            const t = meetBall(ball, ray, eye);
            if (t <= 0 || t >= hit.t) continue;
            hit.t = t;
            surface = 'body';
            x = eye[0] + dx * t;
            y = eye[1] + dy * t;
            z = eye[2] + dz * t;
            normal[0] = (x - ball.centre[0]) / (ball.radii[0] * ball.radii[0]);
            normal[1] = (y - ball.centre[1]) / (ball.radii[1] * ball.radii[1]);
            normal[2] = (z - ball.centre[2]) / (ball.radii[2] * ball.radii[2]);
            const inverse = 1 / Math.sqrt(normal[0] * normal[0] + normal[1] * normal[1] + normal[2] * normal[2]);
            normal[0] *= inverse;
            normal[1] *= inverse;
            normal[2] *= inverse;
            const folds = 0.8 + 0.4 * noise(x * 14, z * 9 + y * 6, 1 << 20, seed);
            for (let k = 0; k < 3; k++) colour[k] = ball.colour[k] * folds;
            shine[0] = 0;
            open = 0.75;
          }
        }
        if (surface === 'floor') {
          // The room: floor, else the nearest wall.
          let t = dz < -1e-6 ? (look.floorHeight - eye[2]) / dz : 1e9;
          if (t <= 0) t = 1e9;
          const tx = ((dx > 0 ? room : -room) - eye[0]) / dx;
          const ty = ((dy > 0 ? room : -room) - eye[1]) / dy;
          const upright = Math.min(dx === 0 ? 1e9 : tx, dy === 0 ? 1e9 : ty);
          hit.t = Math.min(t, upright, 30);
          x = eye[0] + dx * hit.t;
          y = eye[1] + dy * hit.t;
          z = eye[2] + dz * hit.t;
          const footprint = (hit.t / view.focal) * (1 + 1 / Math.max(0.15, Math.abs(dz)));
          behind = 1;
          if (upright < t) {
            const side = tx < ty;
            wall.sample(side ? y : x, z, footprint, colour);
            normal[0] = side ? (dx > 0 ? -1 : 1) : 0;
            normal[1] = side ? 0 : dy > 0 ? -1 : 1;
            normal[2] = 0;
            open = 0.9;
          } else {
            floor.sample(x, y, footprint, colour);
            shine[0] = look.groundGloss * 0.5;
            shine[1] = 0.15;
            // Under the instrument it is darker.
            if (instrument.framed) open = 1 - 0.55 * under(x, y, 0.2);
          }
        } else if (surface === met?.surface) {
          const footprint = (hit.t / view.focal) * (0.5 + 0.5 / Math.max(0.2, Math.abs(dz)));
          if (hit.side < 4) {
            normal[0] = met.normals[2 * hit.side];
            normal[1] = met.normals[2 * hit.side + 1];
            normal[2] = 0;
          }
          switch (met.surface) {
            case 'bar':
              if (hit.side === 4) paintBar(met.bar, x, y, footprint);
              else {
                const depth = (met.z1 - z) / Math.max(1e-4, met.z1 - met.z0);
                for (let k = 0; k < 3; k++) colour[k] = met.colour[k] * 0.85;
                open = 0.7 - 0.45 * depth;
              }
              break;
            case 'table':
            case 'sheet': {
              onGround(x, y, footprint);
              shine[0] = look.groundGloss;
              shine[1] = 0.04;
              behind = 1;
              if (hit.side < 4) for (let k = 0; k < 3; k++) colour[k] *= 0.7;
              break;
            }
            case 'cloth': {
              // Folds: ridges across a slow swell.
              const fu = x * 8 + y * 3.5;
              const fv = y * 5 - x * 1.5;
              const folds =
                noise(fu, fv, 1 << 20, seed) -
                noise(fu + 0.15, fv + 0.1, 1 << 20, seed) +
                0.5 * (noise(fu * 2.7, fv * 1.6, 1 << 20, seed) - noise(fu * 2.7 + 0.25, fv * 1.6, 1 << 20, seed));
              cloth?.sample(x, y, footprint, colour);
              normal[0] += folds * 3.4;
              normal[1] += folds * 2.2;
              open = 0.85 + 0.6 * folds;
              break;
            }
            default: {
              const grain = 0.9 + 0.2 * noise(x * 40, y * 160 + z * 90, 1 << 20, seed);
              for (let k = 0; k < 3; k++) colour[k] = met.colour[k] * grain;
              shine[0] = met.surface === 'frame' ? 0.12 : 0.05;
              shine[1] = 0.08;
              if (met.surface === 'frame') open = z < -0.012 ? 0.55 : 1;
            }
          }
        }
        illuminate(x, y, z, open);
        const glint = shine[0] > 0.005 ? mirror(x, y, z, length) : 0;
        const dull = metal && surface === 'bar' ? 0.4 : 1;
        for (let k = 0; k < 3; k++) {
          const tint = metal && surface === 'bar' ? colour[k] : 1;
          light[o + k] += share * (colour[k] * lit[k] * dull + glint * tint);
        }
        backdrop[row * width + column] += share * behind;
      }
    }
  }
  return { light, backdrop };
}

/** Where the window is: as drawn, or so that the camera sees its image at one place of the bars. */
function windowDirection({ bounds }: Instrument, { window }: Look, eye: Vector): Vector {
  if (window.seen === undefined) return window.direction;
  const x = bounds.x0 + (bounds.x1 - bounds.x0) * window.seen;
  const y = (bounds.y0 + bounds.y1) / 2;
  // The mirror is level: the way back up leaves at the angle at which the eye looks down.
  return unit([x - eye[0], y - eye[1], eye[2]]);
}
