// Video frames in, space-time images out: gray, resized, the last three frames side by side.
import { i32, f32, openInstance, u8 } from './instance.js';
import type { Kernels } from './module.js';
import { checkChoice, checkFields, checkSide, copyFrame, frameLayout } from './pixel-format.js';
import type { FrameFormat, FrameLayout } from './pixel-format.js';
import { bilinearTaps, columnTaps, rowBlocks } from './resize-tables.js';
import type { ResizeMode } from './resize-tables.js';

/** The space-time image a `FrameStack` makes. Only `width` and `height` have to be given. */
export interface SpaceTimeImageFormat {
  /** Pixels per row, 1..8192. */
  readonly width: number;
  /** Rows, 1..8192. */
  readonly height: number;
  /**
   * Default: `antialiased`, the triangle filter over every pixel an output pixel covers. `bilinear` looks at four pixels
   * only and so aliases when it makes a picture smaller; it is there to repeat what was made with scikit-image 0.13.
   */
  readonly resize?: ResizeMode;
  /** Default: `planar`, [3, height, width]; `interleaved` is [height, width, 3]. */
  readonly order?: 'planar' | 'interleaved';
}

// With this sum the weights of all three gray modes are whole numbers that fit 16 bits: gray is exact before it is float.
const weightSum = 40000;

// Rows whose running sums still fit 16 bits: see assembly/frames.ts.
const maxRows = { 1: 22, 4: 15 } as const;

// The kernels work in vectors, and may read this far past the last pixel.
const overread = 64;

/**
 * Turns video frames into space-time images: three consecutive frames, oldest first, gray, resized, float32 0..1.
 *
 * Write a frame into `input` and call `run()`, then read `output`. Each frame is made gray and resized once. The planes
 * lie in a ring that is kept twice, one copy behind the other, so that any three consecutive frames are contiguous
 * somewhere in it: a new frame costs two copies of its small plane and nothing older moves. `run()` allocates nothing.
 *
 * Until three frames have been seen, the first one stands for those before it, as if the picture had been still.
 *
 * Gray is made from gamma-encoded values, as stored, before the resize (both are linear, so the order does not matter).
 * Antialiased: the triangle filter of half-width max(1, scale), scale being source over output size per axis, centred at
 * (i + 1/2) scale, its weights normalised over the pixels inside the picture; enlarging, that is bilinear interpolation
 * with the edge repeated. A limited-range luma plane is resized first, then (Y - 16) / 219 is clamped to 0..1.
 * **Source:** Pillow `Image.resize(BILINEAR)` (antialiased); scikit-image 0.13 `transform.resize` (bilinear).
 */
export class FrameStack {
  /** The frame format, every default filled in. */
  readonly frame: FrameLayout;
  /** Columns of the space-time image. */
  readonly width: number;
  /** Rows of the space-time image. */
  readonly height: number;
  /**
   * The next frame's bytes go here: `frame.bytes` of them, chroma planes included for `i420` and `nv12` although they
   * are not read. A view of the plan's own memory, the same for life; `run()` does not change it.
   */
  readonly input: Uint8Array<ArrayBuffer>;

  readonly #resize: () => void;
  readonly #stack: (slot: number) => Float32Array<ArrayBuffer>;
  readonly #gray: Float32Array<ArrayBuffer>;
  readonly #slots: readonly Float32Array<ArrayBuffer>[];
  #output: Float32Array<ArrayBuffer>;
  #frames = 0;

  /**
   * Allocates everything the plan will ever need.
   * @throws {TypeError | RangeError} when a size, stride, name or combination of them is not valid, or the whole would
   * need more than 1 GiB.
   */
  constructor(kernels: Kernels, frame: FrameFormat, image: SpaceTimeImageFormat) {
    const layout = frameLayout(frame);
    checkFields('image', image, 'width and height');
    const width = checkSide('image.width', image.width);
    const height = checkSide('image.height', image.height);
    const resize = checkChoice('image.resize', image.resize ?? 'antialiased', ['antialiased', 'bilinear']);
    const order = checkChoice('image.order', image.order ?? 'planar', ['planar', 'interleaved']);
    const planar = order === 'planar';
    const antialiased = resize === 'antialiased';
    const { stride, bytesPerPixel, black, white } = layout;
    const luma = bytesPerPixel === 1;
    const plane = width * height;
    const weights = layout.weights.map((weight) => Math.round(weight * weightSum));
    // Sums of luma pixels need no weights in the antialiased kernel: there a pixel counts once, not 40000 times.
    const gain = 1 / ((white - black) * (luma && antialiased ? 1 : weightSum));

    const rows = antialiased
      ? rowBlocks(layout.height, height, stride, maxRows[bytesPerPixel], gain)
      : bilinearTaps(layout.height, height, stride);
    const { words: columns, taps } = antialiased
      ? columnTaps(layout.width, width)
      : { words: bilinearTaps(layout.width, width, bytesPerPixel), taps: 0 };
    const across = antialiased ? layout.width + 15 + taps : 0;

    const { exports, views, at } = openInstance(kernels, {
      weights: i32(2),
      rows: i32(rows.length),
      columns: i32(columns.length),
      above: f32(across),
      below: f32(across),
      input: u8(layout.bytes + overread),
      gray: f32(plane + 3),
      slots: f32((planar ? 6 : 3) * plane + 3),
      image: f32(planar ? 0 : 3 * plane + 9),
    });
    const [w0, w1, w2] = weights;
    views.weights.set([w0 | (w2 << 16), w1]);
    views.rows.set(rows);
    views.columns.set(columns);

    // Computed in the closures, these would be new numbers on the heap with every call.
    const rowsEnd = at.rows + 4 * rows.length;
    const columnsEnd = at.columns + 4 * columns.length;
    const tapBytes = 4 * taps;
    const bias = -black / (white - black);
    const dark = black * weightSum;
    this.#resize = antialiased
      ? () => {
          exports.frameAntialiased(
            at.input,
            stride,
            layout.width,
            luma ? 0 : at.weights,
            at.rows,
            rowsEnd,
            at.columns,
            tapBytes,
            width,
            bias,
            at.above,
            at.below,
            at.gray,
          );
        }
      : () => {
          exports.frameBilinear(at.input, w0, w1, w2, dark, gain, at.rows, rowsEnd, at.columns, columnsEnd, at.gray);
        };

    const slots = Array.from({ length: planar ? 6 : 3 }, (_, i) => views.slots.subarray(i * plane, (i + 1) * plane));
    const windows = [0, 1, 2].map((i) => views.slots.subarray(i * plane, (i + 3) * plane));
    const triples = views.image.subarray(0, 3 * plane);
    this.#stack = planar
      ? (newest) => windows[(newest + 1) % 3]
      : (newest) => {
          const slot = (age: number): number => at.slots + 4 * plane * ((newest + 3 - age) % 3);
          exports.frameInterleave(slot(2), slot(1), slot(0), plane, at.image);
          return triples;
        };

    this.frame = layout;
    this.width = width;
    this.height = height;
    this.input = views.input.subarray(0, layout.bytes);
    this.#gray = views.gray.subarray(0, plane);
    this.#slots = slots;
    this.#output = planar ? windows[0] : triples;
  }

  /**
   * The space-time image of the last three frames, float32 0..1: [3, height, width], or [height, width, 3] when
   * interleaved; oldest first. Zeros before the first `run()`. A view of the plan's own memory, valid until the next
   * `run()`, and not always the same one: ask again after each. Not to be written to, for the next image shares its
   * older frames.
   */
  get output(): Float32Array<ArrayBuffer> {
    return this.#output;
  }

  /** Frames seen since the start or the last `reset()`. From three on, `output` holds three different ones. */
  get frames(): number {
    return this.#frames;
  }

  /**
   * Takes the frame in `input`, or first copies `frame` there, and returns `output`.
   * @throws {TypeError | RangeError} when `frame` is not bytes, or not as many as the format needs.
   */
  run(frame?: Uint8Array | Uint8ClampedArray): Float32Array<ArrayBuffer> {
    if (frame !== undefined) copyFrame(frame, this.input, this.frame);
    this.#resize();
    const newest = this.#frames % 3;
    for (let slot = 0; slot < this.#slots.length; slot++)
      if (slot % 3 === newest || this.#frames === 0) this.#slots[slot].set(this.#gray);
    this.#frames++;
    this.#output = this.#stack(newest);
    return this.#output;
  }

  /** Forgets the frames seen: the next one starts a new clip. `output` stays as it is until then. */
  reset(): void {
    this.#frames = 0;
  }
}
