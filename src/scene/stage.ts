// A set stage: the plate, the light on what moves, the player and the camera's electronics, ready to render any moment.
import { View } from './camera.js';
import { Canvas, type Shading } from './canvas.js';
import type { Setting } from './draw-scene.js';
import { Figure, type ShadowLamp } from './figure.js';
import { openStage } from './kernels.js';
import { Passers } from './passers.js';
import { renderPlate } from './plate.js';
import { Random } from './random.js';
import { Development, lumaWeights } from './sensor.js';
import { luminance, type Colour } from './texture.js';

const maximumExposures = 6;

/** Renders the frames of one setting at one size. */
export class Stage {
  private readonly sum: Canvas;
  private readonly one: Canvas;
  private readonly figures: readonly [sum: Figure, one: Figure];
  private readonly development: Development;
  private readonly open: number;
  private readonly step: number;
  private readonly pixel: number;

  /** @param rgb three channels instead of luma. */
  constructor(
    { instrument, look, camera, performance, step, seed }: Setting,
    width: number,
    height: number,
    rgb: boolean,
  ) {
    const view = new View(camera, width, height);
    const { sensor } = look;
    const channels = rgb ? 3 : 1;
    const weights = lumaWeights(sensor.whiteBalance);
    const { light, backdrop } = renderPlate(instrument, look, view, seed % 1000003);
    let mean = 0;
    for (let o = 0; o < light.length; o += 3) {
      mean += weights[0] * light[o] + weights[1] * light[o + 1] + weights[2] * light[o + 2];
    }
    mean /= width * height;
    const memory = openStage(width, height, channels);
    const { plate } = memory.views;
    const size = width * height;
    for (let i = 0, o = 0; i < size; i++, o += 3) {
      if (!rgb) plate[i] = weights[0] * light[o] + weights[1] * light[o + 1] + weights[2] * light[o + 2];
      else for (let k = 0; k < 3; k++) plate[k * size + i] = light[o + k];
    }
    const blur = (sensor.blur * width) / 320;
    if (blur > 0.1) smooth(plate, width, height, channels, blur);

    // Light on what moves: as at the middle of the bars.
    const { lights, ambient } = look;
    const middle = [
      (instrument.bounds.x0 + instrument.bounds.x1) / 2,
      (instrument.bounds.y0 + instrument.bounds.y1) / 2,
    ];
    const lamps = new Float64Array(8);
    const tint: [number, number, number] = [ambient[0], ambient[1], ambient[2]];
    let total = luminance(ambient);
    const level: number[] = [];
    lights.forEach(({ position, colour }, n) => {
      const dx = position[0] - middle[0];
      const dy = position[1] - middle[1];
      const dz = position[2];
      const length = Math.sqrt(dx * dx + dy * dy + dz * dz);
      const dot = ([x, y, z]: readonly number[]): number => (dx * x + dy * y + dz * z) / length;
      const power = luminance(colour);
      lamps[4 * n] = dot(view.right);
      lamps[4 * n + 1] = dot(view.up);
      lamps[4 * n + 2] = -dot(view.forward);
      lamps[4 * n + 3] = power;
      level.push((power * dz) / length);
      total += (power * dz) / length;
      for (let k = 0; k < 3; k++) tint[k] += (colour[k] * dz) / length;
    });
    const shading: Shading = { ambient: luminance(ambient) * 0.95, lamps };
    const tinted = ([r, g, b]: Colour): Float64Array => {
      const under = [(r * tint[0]) / total, (g * tint[1]) / total, (b * tint[2]) / total];
      return rgb
        ? Float64Array.from(under)
        : Float64Array.of(weights[0] * under[0] + weights[1] * under[1] + weights[2] * under[2]);
    };
    const shadows: ShadowLamp[] = lights.map(({ position, radius }, n) => ({
      position,
      radius,
      share: level[n] / total,
    }));
    const ambientShare = luminance(ambient) / total;
    this.sum = new Canvas(memory, 'sum', width, height, channels, shading);
    this.one = new Canvas(memory, 'one', width, height, channels, shading);
    const soft = 0.5 + 0.8 * blur;
    const figure = (canvas: Canvas): Figure =>
      new Figure(
        canvas,
        view,
        instrument,
        look,
        performance,
        new Passers(canvas, view, instrument, performance.distractions, look.floorHeight, backdrop, soft, tinted),
        shadows,
        ambientShare,
        sensor.readout * step,
        soft,
        tinted,
        new Random(seed, 'figure'),
      );
    this.figures = [figure(this.sum), figure(this.one)];
    this.development = new Development(
      memory,
      sensor,
      width,
      height,
      channels,
      mean,
      (camera.shake * width) / 320,
      seed % 1000003,
    );
    this.step = step;
    this.open = sensor.shutter * step;
    this.pixel = Math.max(1.1, width / 290);
  }

  /** Renders the frame that stands for the time from `time` on. */
  render(time: number, index: number, out: Uint8Array): void {
    const { sum, one, open } = this;
    const start = time + (this.step - open) / 2;
    sum.reset();
    const way = this.figures[0].travel(start, start + open);
    const exposures = Math.min(maximumExposures, 1 + Math.floor(way / this.pixel));
    if (exposures === 1) this.figures[0].draw(start + open / 2);
    else {
      for (let k = 0; k < exposures; k++) {
        this.figures[1].draw(start + (open * (k + 0.5)) / exposures);
        one.addTo(sum, 1 / exposures);
        one.reset();
      }
    }
    this.development.develop(index, time, out);
  }
}

/** Blurs planes in place: twice a three-tap filter of the given radius, each way. */
function smooth(planes: Float32Array, width: number, height: number, channels: number, radius: number): void {
  const rounds = Math.max(1, Math.ceil(radius * radius));
  const side = Math.min(0.33, (0.5 * radius * radius) / rounds);
  const line = new Float32Array(Math.max(width, height));
  const pass = (offset: number, stride: number, length: number): void => {
    for (let i = 0; i < length; i++) line[i] = planes[offset + i * stride];
    for (let i = 0; i < length; i++) {
      const before = line[i > 0 ? i - 1 : 0];
      const after = line[i < length - 1 ? i + 1 : i];
      planes[offset + i * stride] = line[i] + side * (before + after - 2 * line[i]);
    }
  };
  for (let round = 0; round < rounds; round++) {
    for (let first = 0; first < channels * width * height; first += width * height) {
      for (let y = 0; y < height; y++) pass(first + y * width, 1, width);
      for (let x = 0; x < width; x++) pass(first + x, width, height);
    }
  }
}
