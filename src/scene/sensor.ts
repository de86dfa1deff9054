// From linear light to grey levels: exposure, corners, shake, tone curve and noise, as a camera does it.
import { exp, pow, sin } from './exact-math.js';
import { grainCount, grainStep, type StageMemory, toneCount } from './kernels.js';
import type { Sensor } from './look.js';
import { Random } from './random.js';
import type { Colour } from './texture.js';

let grain: Float32Array | undefined;

/** Normal deviates, the same for everybody; frames begin at random places in it. */
function noiseTable(): Float32Array {
  if (!grain) {
    const random = new Random(20170612, 'noise');
    grain = Float32Array.from({ length: grainCount }, () => random.gauss());
  }
  return grain;
}

/** Rec. 709 weights of the channels under a white balance. */
export function lumaWeights(whiteBalance: Colour): Colour {
  const raw: Colour = [0.2126 * whiteBalance[0], 0.7152 * whiteBalance[1], 0.0722 * whiteBalance[2]];
  const sum = raw[0] + raw[1] + raw[2];
  return [raw[0] / sum, raw[1] / sum, raw[2] / sum];
}

/** Turns pictures of linear light into bytes. */
export class Development {
  private readonly fall: number;
  private readonly phase: readonly number[];

  /**
   * @param memory of the stage; its curve, noise and corners are filled here.
   * @param mean mean luminance of the plate, which automatic exposure brings to `sensor.exposure`.
   * @param shake amplitude, pixels.
   */
  constructor(
    private readonly memory: StageMemory,
    private readonly sensor: Sensor,
    private readonly width: number,
    private readonly height: number,
    private readonly channels: 1 | 3,
    private readonly mean: number,
    private readonly shake: number,
    private readonly seed: number,
  ) {
    const { gamma, contrast, haze, exposure, noise, vignette } = sensor;
    const { tones, corner, grain: repeated } = memory.views;
    for (let i = 0; i < toneCount; i++) {
      // 0..2 in linear light: highlights roll off before they clip.
      let v = (2 * (i + 0.5)) / toneCount;
      v = v * (1 - haze) + haze * exposure;
      if (v > 0.8) v = 0.8 + 0.2 * (1 - exp(-(v - 0.8) / 0.25));
      const y = pow(v, gamma);
      tones[2 * i] = 255 * Math.min(1, Math.max(0, y + contrast * (y * y * (3 - 2 * y) - y)));
      tones[2 * i + 1] = noise[0] + ((noise[1] - noise[0]) * Math.floor(tones[2 * i])) / 255;
    }
    // Darkening by the square of the distance from the middle, for columns and rows apart.
    this.fall = (4 * vignette) / (width * width + height * height);
    for (let x = 0; x < width; x++) corner[x] = this.fall * (x + 0.5 - width / 2) * (x + 0.5 - width / 2);
    const table = noiseTable();
    repeated.set(table);
    repeated.set(table.subarray(0, repeated.length - grainCount), grainCount);
    const random = new Random(seed, 'shake');
    this.phase = Array.from({ length: 6 }, () => random.range(0, 6.28));
  }

  /**
   * Develops the stage's picture `sum`.
   * @param frame index that picks the noise.
   * @param time seconds.
   * @param out [height x width x channels].
   */
  develop(frame: number, time: number, out: Uint8Array): void {
    const { memory, width, height, channels, sensor, phase } = this;
    const { exports, views, at } = memory;
    const { starts, numbers, bytes } = views;
    if (this.shake > 0) this.shift(time);
    const light = this.shake > 0 ? at.shifted : at.sum;
    const random = new Random(this.seed + frame, 'grain');
    for (let y = 0; y < height; y++) starts[y] = 4 * ((random.bits() + 1) & (grainCount - 1));
    const [depth, rate] = sensor.flicker;
    const drift = 1 + sensor.drift * sin(0.9 * time + phase[4]);
    const flicker = 1 + depth * sin(6.283 * rate * time + phase[5]);
    const gain = (sensor.exposure / Math.max(1e-5, this.mean)) * drift * flicker * (toneCount / 2);
    const balance = sensor.whiteBalance;
    const norm = 0.2126 * balance[0] + 0.7152 * balance[1] + 0.0722 * balance[2];
    numbers[1] = this.fall;
    // The noise of a colour's channels is partly common to them.
    numbers[2] = channels === 1 ? 1 : 0.75;
    numbers[3] = channels === 1 ? 0 : 0.66;
    for (let k = 0; k < channels; k++) {
      numbers[0] = channels === 1 ? gain : (gain * balance[k]) / norm;
      exports.sensorDevelop(
        light + 4 * k * width * height,
        at.corner,
        at.tones,
        toneCount,
        at.grain,
        at.starts,
        4 * grainStep * (k + 1),
        at.numbers,
        at.bytes + k,
        channels,
        width,
        height,
      );
    }
    out.set(bytes);
  }

  /** Moves the picture by the shake of this moment, between pixels. */
  private shift(time: number): void {
    const { memory, width, height, channels, shake, phase } = this;
    const { exports, views, at } = memory;
    const ox = shake * (0.6 * sin(7 * time + phase[0]) + 0.4 * sin(13.1 * time + phase[1]));
    const oy = shake * (0.6 * sin(6.1 * time + phase[2]) + 0.4 * sin(11.7 * time + phase[3]));
    const ix = Math.floor(ox);
    const iy = Math.floor(oy);
    const fx = ox - ix;
    const fy = oy - iy;
    const { weights } = views;
    weights[0] = (1 - fx) * (1 - fy);
    weights[1] = fx * (1 - fy);
    weights[2] = (1 - fx) * fy;
    weights[3] = fx * fy;
    for (let k = 0; k < channels; k++) {
      const plane = 4 * k * width * height;
      exports.sensorShift(at.sum + plane, at.shifted + plane, ix, iy, at.weights, width, height);
    }
  }
}
