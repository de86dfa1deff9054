// Where mallets and their shadows are in the picture, frame by frame: what an ideal tracker would see, without any pixel.
import { drawArms } from './arms.js';
import { rowShare, View } from './camera.js';
import { drawScene, type SceneOptions } from './draw-scene.js';
import type { Family } from './families.js';
import { Random } from './random.js';
import { luminance } from './texture.js';
import type { SceneTruth } from './truth.js';
import type { Point } from '../types.js';

/** A mallet in one frame. */
export interface TrackPoint {
  /** Middle of its head, pixels of the camera at rest. */
  readonly head: Point;
  /** Middle of the shadow that the strongest lamp throws of it on what lies below; absent without such a lamp. */
  readonly shadow?: Point;
  /** Height of its tip above what lies below, metres. */
  readonly height: number;
}

/** A scene and the tracks of its mallets. */
export interface SceneTracks {
  /** As that of `scene` with the same arguments. */
  readonly truth: SceneTruth;
  /** [mallets][frames], left hand first, at the middle of each frame's exposure, each at the time that its row is read. */
  readonly mallets: readonly (readonly TrackPoint[])[];
}

/** A lamp that gives less of a surface's light than this throws no shadow worth the name. */
const leastShare = 0.05;

/** The tracks of a scene. @throws {RangeError} as `scene`. */
export function sceneTracks(seed: number, family: Family = 'train', options: SceneOptions = {}): SceneTracks {
  const setting = drawScene(seed, family, options);
  const { truth, camera, look, instrument, performance, step } = setting;
  const view = new View(camera, truth.width, truth.height);
  const none = new Float64Array(3);
  const colours = { skin: none, shades: [none, none, none], sleeve: none };
  const arms = drawArms(instrument, look, performance, new Random(setting.seed, 'figure'), colours);
  const readout = look.sensor.readout * step;
  const { headRadius } = look.tool;
  const { x0, x1, y0, y1 } = instrument.bounds;
  const shares = look.lights.map(({ position: [x, y, z], colour }) => {
    const [dx, dy] = [x - (x0 + x1) / 2, y - (y0 + y1) / 2];
    return (luminance(colour) * z) / Math.sqrt(dx * dx + dy * dy + z * z);
  });
  const total = luminance(look.ambient) + shares.reduce((sum, share) => sum + share, 0);
  const strongest = shares.indexOf(Math.max(...shares));
  const lamp = shares.length > 0 && shares[strongest] > leastShare * total ? look.lights[strongest] : undefined;
  const tip = new Float64Array(4);
  const at = new Float64Array(3);
  const mallets = arms.flatMap(({ motions }) =>
    motions.map((motion) =>
      truth.times.map((time): TrackPoint => {
        const middle = time + step / 2;
        motion.pose(middle, tip);
        view.project(tip[0], tip[1], tip[2], at);
        motion.pose(middle + readout * rowShare(at[1], view), tip);
        const [x, y, z, height] = tip;
        const centre = z + headRadius;
        const head = view.point(x, y, centre);
        if (!lamp || lamp.position[2] < centre + 0.1) return { head, height };
        const [lx, ly, lz] = lamp.position;
        const k = (lz - (z - height)) / (lz - centre);
        return { head, shadow: view.point(lx + (x - lx) * k, ly + (y - ly) * k, z - height), height };
      }),
    ),
  );
  return { truth, mallets };
}
