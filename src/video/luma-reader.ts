// From a browser's pictures to luma: the plane itself where there is one, upright, without a copy in between.
import { UnsupportedError } from '../errors.js';
import { grayWeights, type LumaRange } from '../kernels/pixel-format.js';
import { placeLuma, upright, type Orientation } from './luma.js';

const planar = ['I420', 'I420A', 'I422', 'I422A', 'I444', 'I444A', 'NV12'];
const packed = ['RGBA', 'RGBX', 'BGRA', 'BGRX'];

/** A picture whose pixels can be copied: a VideoFrame, or a VideoSample of mediabunny's. */
export interface Picture {
  readonly format: string | null;
  readonly codedWidth: number;
  readonly codedHeight: number;
  readonly visibleRect: { readonly width: number; readonly height: number } | null;
  readonly colorSpace: { readonly fullRange?: boolean | null };
  /** Clockwise turn that shows it upright, degrees; undefined in older browsers, which do not say. */
  readonly rotation?: number;
  /** Whether it is flipped left to right after that. */
  readonly flip?: boolean;
  allocationSize(): number;
  copyTo(target: Uint8Array): Promise<unknown>;
  /** Draws it upright, where the canvas cannot by itself. */
  draw?(context: OffscreenCanvasRenderingContext2D, x: number, y: number, width: number, height: number): void;
}

/** What black and white are in a picture's luma; of one without a luma plane, what {@link LumaReader} makes of it. */
export function rangeOf({ format, colorSpace }: Picture): LumaRange {
  return planar.includes(format ?? '') && colorSpace.fullRange !== true ? 'limited' : 'full';
}

/** How a picture is turned to be shown. */
export function frameOrientation({ rotation = 0, flip = false }: Pick<Picture, 'rotation' | 'flip'>): Orientation {
  const [a, b, c, d] = ([upright, [0, 1, -1, 0], [-1, 0, 0, -1], [0, -1, 1, 0]] as const)[(rotation / 90) & 3];
  return flip ? [0 - a, b, 0 - c, d] : [a, b, c, d];
}

/** Size of a picture as it is shown, in the pixels it is coded in. */
export function frameSize(picture: Picture): { width: number; height: number } {
  const { width, height } = picture.visibleRect ?? { width: picture.codedWidth, height: picture.codedHeight };
  return frameOrientation(picture)[0] === 0 ? { width: height, height: width } : { width, height };
}

/**
 * Bytes a target needs so that a planar frame goes into it without a copy in between: its chroma comes along.
 */
export const lumaRoom = (width: number, height: number): number =>
  width * height + 2 * Math.ceil(width / 2) * Math.ceil(height / 2);

/**
 * Reads the luma of frames, whatever they are made of. Planar frames of the reader's size are copied by the browser straight
 * into the target; others are turned, weighted (BT.601) or scaled (by the browser's canvas) on the way. Memory for that is made
 * when it is first needed and kept.
 */
export class LumaReader {
  readonly width: number;
  readonly height: number;
  readonly range: LumaRange;
  #scratch = new Uint8Array(0);
  #context: OffscreenCanvasRenderingContext2D | undefined;

  /** @param range what black and white become of frames without a luma plane. */
  constructor(width: number, height: number, range: LumaRange) {
    this.width = width;
    this.height = height;
    this.range = range;
  }

  /**
   * Writes the luma, [height x width], to the front of `target`; behind it, up to {@link lumaRoom}, chroma may be left.
   * The picture stays open.
   * @throws {UnsupportedError} when the browser gives no access to the pixels.
   */
  async read(picture: Picture, target: Uint8Array): Promise<void> {
    const { width, height } = this;
    const shown = frameSize(picture);
    const format = picture.format ?? '';
    const orientation = frameOrientation(picture);
    const turned = orientation[0] !== 1 || orientation[3] !== 1;
    if (shown.width !== width || shown.height !== height) {
      this.#draw(picture, target);
    } else if (planar.includes(format)) {
      const bytes = format === 'I420' || format === 'NV12' ? lumaRoom(width, height) : picture.allocationSize();
      if (!turned && bytes <= target.length) {
        await picture.copyTo(target);
        this.#level(picture, target);
        return;
      }
      const scratch = this.#room(bytes);
      await picture.copyTo(scratch);
      const stride = orientation[0] === 0 ? height : width;
      placeLuma({ bytes: scratch, stride, depth: 8 }, stride, (width * height) / stride, orientation, target);
      this.#level(picture, target);
    } else if (packed.includes(format) && !turned) {
      const scratch = this.#room(4 * width * height);
      await picture.copyTo(scratch);
      this.#gray(scratch, target, format.startsWith('B'));
    } else {
      this.#draw(picture, target);
    }
  }

  /** Another range than the reader's becomes the reader's. */
  #level(picture: Picture, target: Uint8Array): void {
    const range = rangeOf(picture);
    if (range === this.range) return;
    const count = this.width * this.height;
    for (let i = 0; i < count; i++) {
      const level = range === 'full' ? 16 + (219 * target[i]) / 255 : ((target[i] - 16) * 255) / 219;
      target[i] = Math.min(255, Math.max(0, Math.round(level)));
    }
  }

  #room(bytes: number): Uint8Array<ArrayBuffer> {
    if (this.#scratch.length !== bytes) this.#scratch = new Uint8Array(bytes);
    return this.#scratch;
  }

  #draw(picture: Picture, target: Uint8Array): void {
    const { width, height } = this;
    this.#context ??= new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true }) ?? undefined;
    if (!this.#context) throw new UnsupportedError('This browser gives no access to the pixels of video; try another.');
    if (picture.draw) picture.draw(this.#context, 0, 0, width, height);
    else this.#context.drawImage(picture as unknown as VideoFrame, 0, 0, width, height);
    this.#gray(this.#context.getImageData(0, 0, width, height).data, target, false);
  }

  #gray(pixels: Uint8Array | Uint8ClampedArray, target: Uint8Array, blueFirst: boolean): void {
    const [black, scale] = this.range === 'limited' ? [16, 219] : [0, 255];
    const [red, green, blue] = grayWeights.bt601.map((weight) => Math.round((weight * scale * 65536) / 255));
    const [first, last] = blueFirst ? [blue, red] : [red, blue];
    const bias = black * 65536 + 32768;
    const count = this.width * this.height;
    for (let i = 0, o = 0; o < count; i += 4, o++) {
      target[o] = (first * pixels[i] + green * pixels[i + 1] + last * pixels[i + 2] + bias) >> 16;
    }
  }
}
