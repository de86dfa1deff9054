// The camera: where it stands, how it projects the instrument to pixels and pixels back to rays, and how it shakes.
import { cos, radians, sin } from './exact-math.js';
import { fieldCorners, type Instrument } from './instrument.js';
import type { Random } from './random.js';
import type { Calibration, Point, Quad } from '../types.js';

/** A point or direction of the scene, metres: x to the high notes, y away from the player, z up. */
export type Vector = readonly [x: number, y: number, z: number];

/** Which cameras may be drawn: degrees, or metres where said. */
export interface CameraBox {
  /** Angle of the view above the horizon. */
  readonly elevation: readonly [number, number];
  /** Angle around the instrument, to either hand, off the middle of its side. */
  readonly azimuth: number;
  /** Tilt to either hand. */
  readonly roll: number;
  /** Horizontal field of view. */
  readonly fov: readonly [number, number];
}

/** Cameras that training sees. */
export const trainingCameras: CameraBox = { elevation: [36, 90], azimuth: 40, roll: 12, fov: [30, 75] };

/** Every camera there is; those outside `trainingCameras` are the held-out ones. */
export const allCameras: CameraBox = { elevation: [25, 90], azimuth: 70, roll: 24, fov: [20, 88] };

/** A camera as it stands; all a reader of the truth needs to project points. */
export interface CameraTruth {
  /** Degrees above the horizon of the line from the target to the camera. */
  readonly elevation: number;
  /** Degrees around the target, 0 on the player's side, positive towards the high notes, 180 opposite. */
  readonly azimuth: number;
  /** Degrees, clockwise. */
  readonly roll: number;
  /** Horizontal field of view before distortion, degrees. */
  readonly fov: number;
  /** Metres from target to camera. */
  readonly distance: number;
  /** Where it stands. */
  readonly position: Vector;
  /** What it looks at. */
  readonly target: Vector;
  /** Radial distortion k: a point at radius r (1 at half the width) is seen at r (1 + k r^2). */
  readonly distortion: number;
  /** Amplitude of the shake, pixels at width 320; calibration and corners are those of the camera at rest. */
  readonly shake: number;
  /** Whether it stands opposite the player. */
  readonly opposite: boolean;
}

/** Whether the camera is one that training may see. */
export function insideBox(camera: CameraTruth, box: CameraBox): boolean {
  const azimuth = Math.abs(camera.opposite ? 180 - Math.abs(camera.azimuth) : camera.azimuth);
  return (
    camera.elevation >= box.elevation[0] &&
    camera.elevation <= box.elevation[1] &&
    azimuth <= box.azimuth &&
    Math.abs(camera.roll) <= box.roll &&
    camera.fov >= box.fov[0] &&
    camera.fov <= box.fov[1]
  );
}

/** Projection with the camera's numbers resolved for one picture size. */
export class View {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** Where the camera stands. */
  readonly position: Vector;
  /** Unit vectors of the picture: right, up, and the direction of view. */
  readonly right: Vector;
  /** Up in the picture. */
  readonly up: Vector;
  /** Direction of view. */
  readonly forward: Vector;
  /** Focal length, pixels. */
  readonly focal: number;
  private readonly distortion: number;
  private readonly cx: number;
  private readonly cy: number;

  /** @param camera where it stands. */
  constructor(camera: Omit<CameraTruth, 'elevation' | 'azimuth' | 'distance'>, width: number, height: number) {
    this.width = width;
    this.height = height;
    this.position = camera.position;
    this.cx = width / 2;
    this.cy = height / 2;
    this.distortion = camera.distortion;
    const half = radians(camera.fov / 2);
    this.focal = (this.cx * cos(half)) / sin(half);
    const forward = unit(minus(camera.target, camera.position));
    // Straight down there is no horizon: right is then the instrument's own, as a camera overhead is hung.
    const level: Vector =
      forward[0] * forward[0] + forward[1] * forward[1] < 1e-6
        ? [camera.opposite ? -1 : 1, 0, 0]
        : unit([forward[1], -forward[0], 0]);
    const upright = cross(level, forward);
    const c = cos(radians(camera.roll));
    const s = sin(radians(camera.roll));
    this.forward = forward;
    this.right = [level[0] * c + upright[0] * s, level[1] * c + upright[1] * s, level[2] * c + upright[2] * s];
    this.up = cross(this.right, forward);
  }

  /** Distance along the view of a point, metres. */
  depth(x: number, y: number, z: number): number {
    const [px, py, pz] = this.position;
    const [fx, fy, fz] = this.forward;
    return (x - px) * fx + (y - py) * fy + (z - pz) * fz;
  }

  /** Writes column, row (pixels) and pixels per metre of a point to `out` at `offset`. The point must lie before the camera. */
  project(x: number, y: number, z: number, out: Float64Array, offset = 0): void {
    const [px, py, pz] = this.position;
    const dx = x - px;
    const dy = y - py;
    const dz = z - pz;
    const depth = Math.max(0.05, dx * this.forward[0] + dy * this.forward[1] + dz * this.forward[2]);
    const scale = this.focal / depth;
    let u = scale * (dx * this.right[0] + dy * this.right[1] + dz * this.right[2]);
    let v = scale * (dx * this.up[0] + dy * this.up[1] + dz * this.up[2]);
    // Beyond twice the picture the cubic would fold back: what is there is out of sight either way.
    const radius = Math.min(4, (u * u + v * v) / (this.cx * this.cx));
    const bend = 1 + this.distortion * radius;
    u *= bend;
    v *= bend;
    out[offset] = this.cx + u;
    out[offset + 1] = this.cy - v;
    out[offset + 2] = scale * bend;
  }

  /** A point in the picture, pixels. */
  point(x: number, y: number, z: number): Point {
    const out = new Float64Array(3);
    this.project(x, y, z, out);
    return [out[0], out[1]];
  }

  /** Writes the direction of the ray through a pixel (length about 1 along the view) to `out`. */
  ray(column: number, row: number, out: Float64Array): void {
    const ud = (column - this.cx) / this.cx;
    const vd = (this.cy - row) / this.cx;
    let u = ud;
    let v = vd;
    if (this.distortion !== 0) {
      for (let i = 0; i < 4; i++) {
        const bend = 1 + this.distortion * (u * u + v * v);
        u = ud / bend;
        v = vd / bend;
      }
    }
    const a = (u * this.cx) / this.focal;
    const b = (v * this.cx) / this.focal;
    for (let i = 0; i < 3; i++) out[i] = this.forward[i] + a * this.right[i] + b * this.up[i];
  }
}

/** A row's time, as a share of the readout, against the middle row. */
export function rowShare(row: number, view: View): number {
  return Math.min(1, Math.max(-1, row / view.height - 0.5));
}

const minus = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

/** The vector at length 1. */
export function unit(a: Vector): Vector {
  const length = Math.sqrt(dot(a, a));
  return [a[0] / length, a[1] / length, a[2] / length];
}

/**
 * Draws a camera for an instrument: the direction from the box, the distance such that the bars fill the picture.
 * @param outside draw from `allCameras`, but only what lies outside `box`.
 * @param aspect width over height of the picture.
 */
export function drawCamera(
  instrument: Instrument,
  random: Random,
  options: { readonly box: CameraBox; readonly outside: boolean; readonly aspect: number },
): CameraTruth {
  const { outside, aspect } = options;
  const source = outside ? allCameras : options.box;
  for (;;) {
    const opposite = random.chance(0.14);
    // Most people film from above; a triangle towards the steep end.
    const steep = Math.max(random.unit(), random.unit());
    const elevation =
      source.elevation[0] + (source.elevation[1] - source.elevation[0]) * (outside ? random.unit() : steep);
    const off = source.azimuth * random.range(-1, 1) * (outside ? 1 : random.range(0.2, 1));
    const roll = source.roll * random.range(-1, 1) * random.unit();
    const fov = random.range(source.fov[0], source.fov[1]);
    const distortion = random.chance(0.5) ? random.range(-0.06, 0.02) : 0;
    const { x0, x1, y0, y1 } = instrument.bounds;
    const target: Vector = [
      (x0 + x1) / 2 + (x1 - x0) * random.range(-0.05, 0.05),
      y0 + (y1 - y0) * random.range(0.2, 0.75),
      0,
    ];
    const azimuth = opposite ? (off < 0 ? -180 - off : 180 - off) : off;
    const e = radians(elevation);
    const a = radians(azimuth);
    const direction: Vector = [sin(a) * cos(e), -cos(a) * cos(e), sin(e)];
    // Some films cut the outer bars.
    const fill = random.range(0.74, 1.1);
    const shake = random.chance(0.25) ? random.range(0.1, 1.3) : 0;
    const corners = fieldCorners(instrument);
    const height = 1000 / aspect;
    const at = (distance: number): CameraTruth => ({
      elevation,
      azimuth,
      roll,
      fov,
      distance,
      position: [
        target[0] + direction[0] * distance,
        target[1] + direction[1] * distance,
        target[2] + direction[2] * distance,
      ],
      target,
      distortion,
      shake,
      opposite,
    });
    const fits = (distance: number): boolean => {
      const view = new View(at(distance), 1000, height);
      return corners.every(([x, y, z]) => {
        if (view.depth(x, y, z) < 0.12) return false;
        const [column, row] = view.point(x, y, z);
        return Math.abs(column - 500) < 500 * fill && Math.abs(row - height / 2) < (height / 2) * Math.min(fill, 0.97);
      });
    };
    let near = 0.15;
    let far = 12;
    if (!fits(far)) continue;
    for (let i = 0; i < 24; i++) {
      const middle = (near + far) / 2;
      if (fits(middle)) far = middle;
      else near = middle;
    }
    const camera = at(far);
    // A ceiling has its height, and a mallet must pass under the lens.
    if (camera.position[2] > 3.2 || camera.position[2] < 0.3 * instrument.scale) continue;
    if (outside && insideBox(camera, options.box)) continue;
    return camera;
  }
}

/** Bars of an instrument in the picture. */
export function calibrationOf(instrument: Instrument, view: View): Calibration {
  return {
    format: 'deep-marimba/calibration@1',
    width: view.width,
    height: view.height,
    bars: instrument.bars.map(({ midi, row, plan, top }) => ({
      midi,
      quad: plan.map(([x, y]) => view.point(x, y, top)) as unknown as Quad,
      row,
    })),
  };
}

/** Corners of the bar field in the picture, in the order of a calibration's quad. */
export function cornersOf(instrument: Instrument, view: View): Quad {
  return fieldCorners(instrument).map(([x, y, z]) => view.point(x, y, z)) as unknown as Quad;
}
