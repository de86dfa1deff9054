// The picture without the player: rays to bars, frame, table, floor and walls, lit by lamps and a window.
// Made once per camera and look; everything that moves is drawn over it later.
import { cells, indexRow } from './bar-index.js';
import { BarPaint } from './bar-paint.js';
import { hides, meetBall, placeBody } from './body.js';
import type { View } from './camera.js';
import type { Instrument } from './instrument.js';
import { Lighting, underBars } from './lighting.js';
import type { Look } from './look.js';
import { hash, Random } from './random.js';
import { enter, prism, surroundings, type Prism } from './solids.js';
import { SurfacePoint } from './surface-point.js';
import { noise, Texture } from './texture.js';

/** The still part of a clip. */
export interface Plate {
  /** [height x width x 3], linear light. */
  readonly light: Float32Array;
  /** [height x width], 1 where floor, wall or table is seen: what something behind the instrument would cover. */
  readonly backdrop: Float32Array;
}

/**
 * Renders the still picture.
 * @param seed of the details: grain, clutter, crookedness.
 */
export function renderPlate(instrument: Instrument, look: Look, view: View, seed: number): Plate {
  const { width, height, position: eye } = view;
  const random = new Random(seed, 'plate');
  const { bars: barLook } = look;
  const tile = width <= 96 ? 64 : width <= 240 ? 128 : 256;
  const floor = new Texture(look.floor, tile);
  const wall = new Texture(look.wall, tile);
  const paint = new BarPaint(instrument, look, seed, tile, random);
  const cloth = look.cloth && new Texture(look.cloth, tile);
  const { bars, bounds } = instrument;
  const solids = surroundings(instrument, look, eye, random).filter((solid) => !hides(solid, instrument, eye));
  const rows = [...new Set(bars.map((bar) => bar.row))].map((row) =>
    indexRow(
      bars.flatMap((bar, i) =>
        bar.row === row ? [prism('bar', bar.plan, bar.top - bar.thickness, bar.top, barLook.colours[i], eye, i)] : [],
      ),
    ),
  );
  const metal = barLook.material === 'steel' || barLook.material === 'brass';
  const room = 0.6 + Math.max(2, Math.abs(eye[0]), Math.abs(eye[1]));
  const body = placeBody(instrument, look, eye);

  // Resonator tubes hang under the middle of each row; seen between and below the bars.
  const tubeRadius = ((bounds.x1 - bounds.x0) / Math.max(8, bars.length)) * random.range(0.25, 0.42);
  const tubePitch = tubeRadius * random.range(2.3, 3);
  const tubeLength = random.range(0.15, 0.5);

  const lighting = new Lighting(instrument, look, rows, eye);
  const point = new SurfacePoint();
  const { ray, at, colour, normal, shine, jitter, lit } = point;
  const hit = { t: 0, side: 0 };

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
        ray[3] = Math.sqrt(dx * dx + dy * dy + dz * dz);

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
            if (instrument.framed) open = 1 - 0.55 * underBars(instrument, x, y, 0.2);
          }
        } else if (surface === met?.surface) {
          at[0] = x;
          at[1] = y;
          const footprint = (hit.t / view.focal) * (0.5 + 0.5 / Math.max(0.2, Math.abs(dz)));
          if (hit.side < 4) {
            normal[0] = met.normals[2 * hit.side];
            normal[1] = met.normals[2 * hit.side + 1];
            normal[2] = 0;
          }
          switch (met.surface) {
            case 'bar':
              if (hit.side === 4) paint.onBar(met.bar, point, footprint);
              else {
                const depth = (met.z1 - z) / Math.max(1e-4, met.z1 - met.z0);
                for (let k = 0; k < 3; k++) colour[k] = met.colour[k] * 0.85;
                open = 0.7 - 0.45 * depth;
              }
              break;
            case 'table':
            case 'sheet': {
              paint.onGround(point, footprint);
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
        at[0] = x;
        at[1] = y;
        at[2] = z;
        lighting.illuminate(point, open);
        lit[3] = 0;
        if (shine[0] > 0.005) lighting.mirror(point);
        const glint = lit[3];
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
