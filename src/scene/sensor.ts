// From linear light to grey levels: exposure, corners, shake, tone curve and noise, as a camera does it.
import { exp, pow, sin } from './exact-math.js';
import type { Sensor } from './look.js';
import { Random } from './random.js';
import type { Colour } from './texture.js';

const curveSize = 4096;
const noiseSize = 1 << 16;

let grain: Float32Array | undefined;

/** Normal deviates, the same for everybody; frames begin at random places in it. */
function noiseTable(): Float32Array {
  if (!grain) {
    const random = new Random(20170612, 'noise');
    grain = Float32Array.from({ length: noiseSize }, () => random.gauss());
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
  private readonly curve = new Float32Array(curveSize);
  private readonly deviation = new Float32Array(256);
  private readonly corner: Float32Array;
  private readonly shifted: Float32Array;
  private readonly phase: readonly number[];

  /**
   * @param mean mean luminance of the plate, which automatic exposure brings to `sensor.exposure`.
   * @param shake amplitude, pixels.
   */
  constructor(
    private readonly sensor: Sensor,
    private readonly width: number,
    private readonly height: number,
    private readonly channels: 1 | 3,
    private readonly mean: number,
    private readonly shake: number,
    private readonly seed: number,
  ) {
    const { gamma, contrast, haze, exposure, noise, vignette } = sensor;
    for (let i = 0; i < curveSize; i++) {
      // 0..2 in linear light: highlights roll off before they clip.
      let v = (2 * (i + 0.5)) / curveSize;
      v = v * (1 - haze) + haze * exposure;
      if (v > 0.8) v = 0.8 + 0.2 * (1 - exp(-(v - 0.8) / 0.25));
      const y = pow(v, gamma);
      this.curve[i] = 255 * Math.min(1, Math.max(0, y + contrast * (y * y * (3 - 2 * y) - y)));
    }
    for (let i = 0; i < 256; i++) this.deviation[i] = noise[0] + ((noise[1] - noise[0]) * i) / 255;
    // Darkening by the square of the distance from the middle, for columns and rows apart.
    const scale = (4 * vignette) / (width * width + height * height);
    this.corner = new Float32Array(width);
    for (let x = 0; x < width; x++) this.corner[x] = scale * (x + 0.5 - width / 2) * (x + 0.5 - width / 2);
    this.shifted = new Float32Array(shake > 0 ? width * height * channels : 0);
    const random = new Random(seed, 'shake');
    this.phase = Array.from({ length: 6 }, () => random.range(0, 6.28));
  }

  /**
   * Develops one picture.
   * @param light [height x width x channels].
   * @param frame index that picks the noise.
   * @param time seconds.
   * @param out [height x width x channels].
   */
  develop(light: Float32Array, frame: number, time: number, out: Uint8Array): void {
    const { width, height, channels, sensor, curve, deviation, corner, phase } = this;
    const table = noiseTable();
    const random = new Random(this.seed + frame, 'grain');
    const source = this.shake > 0 ? this.shiftBy(light, time) : light;
    const [depth, rate] = sensor.flicker;
    const drift = 1 + sensor.drift * sin(0.9 * time + phase[4]);
    const flicker = 1 + depth * sin(6.283 * rate * time + phase[5]);
    const gain = (sensor.exposure / Math.max(1e-5, this.mean)) * drift * flicker * (curveSize / 2);
    const scale = (4 * sensor.vignette) / (width * width + height * height);
    const balance = sensor.whiteBalance;
    const norm = 0.2126 * balance[0] + 0.7152 * balance[1] + 0.0722 * balance[2];
    const gains = [(gain * balance[0]) / norm, (gain * balance[1]) / norm, (gain * balance[2]) / norm];
    const mask = noiseSize - 1;
    for (let y = 0; y < height; y++) {
      const off = y + 0.5 - height / 2;
      const side = 1 - scale * off * off;
      let at = random.bits() & mask;
      let o = y * width * channels;
      if (channels === 1) {
        const rowGain = gain;
        for (let x = 0; x < width; x++, o++) {
          let index = (source[o] * (rowGain * (side - corner[x]))) | 0;
          index = index < 0 ? 0 : index >= curveSize ? curveSize - 1 : index;
          const grey = curve[index];
          at = (at + 1) & mask;
          const value = grey + table[at] * deviation[grey | 0] + 0.5;
          out[o] = value < 0 ? 0 : value > 255 ? 255 : value;
        }
      } else {
        for (let x = 0; x < width; x++) {
          const share = side - corner[x];
          at = (at + 1) & mask;
          const common = 0.75 * table[at];
          for (let k = 0; k < 3; k++, o++) {
            let index = (source[o] * (gains[k] * share)) | 0;
            index = index < 0 ? 0 : index >= curveSize ? curveSize - 1 : index;
            const grey = curve[index];
            const value = grey + (common + 0.66 * table[(at + 1013 * (k + 1)) & mask]) * deviation[grey | 0] + 0.5;
            out[o] = value < 0 ? 0 : value > 255 ? 255 : value;
          }
        }
      }
    }
  }

  /** The picture moved by the shake of this moment, between pixels. */
  private shiftBy(light: Float32Array, time: number): Float32Array {
    const { width, height, channels, shifted, shake, phase } = this;
    const ox = shake * (0.6 * sin(7 * time + phase[0]) + 0.4 * sin(13.1 * time + phase[1]));
    const oy = shake * (0.6 * sin(6.1 * time + phase[2]) + 0.4 * sin(11.7 * time + phase[3]));
    const ix = Math.floor(ox);
    const iy = Math.floor(oy);
    const fx = ox - ix;
    const fy = oy - iy;
    const w00 = (1 - fx) * (1 - fy);
    const w10 = fx * (1 - fy);
    const w01 = (1 - fx) * fy;
    const w11 = fx * fy;
    for (let y = 0; y < height; y++) {
      const ya = Math.min(height - 1, Math.max(0, y + iy)) * width;
      const yb = Math.min(height - 1, Math.max(0, y + iy + 1)) * width;
      let o = y * width * channels;
      for (let x = 0; x < width; x++) {
        let xa = x + ix;
        let xb = xa + 1;
        if (xa < 0) xa = 0;
        else if (xa >= width) xa = width - 1;
        if (xb < 0) xb = 0;
        else if (xb >= width) xb = width - 1;
        for (let k = 0; k < channels; k++, o++) {
          shifted[o] =
            light[(ya + xa) * channels + k] * w00 +
            light[(ya + xb) * channels + k] * w10 +
            light[(yb + xa) * channels + k] * w01 +
            light[(yb + xb) * channels + k] * w11;
        }
      }
    }
    return shifted;
  }
}
