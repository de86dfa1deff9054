// What a model looks at in a picture: one small view per row of bars, or the whole of it; and which bars it answers for.
import type { Warp } from '../kernels/footprints.js';
import type { RectifiedView } from '../kernels/rectifier.js';
import type { Calibration, Point, Quad } from '../types.js';
import { calibrationRows, parseCalibration } from '../video/calibration.js';
import { keyboardView, parseLayout } from '../video/layout.js';
import { barStrips } from '../video/strip.js';
import type { ModelCard } from './card.js';

/** How a model sees: the part of its card that says so. */
export type ModelInput = ModelCard['input'];

/** A view, and the bars its model answers for. */
export interface ModelView {
  /** From the picture to the view. */
  readonly warp: Warp;
  /** MIDI numbers of the bars, low to high, in the order of the model's answers. */
  readonly midi: readonly number[];
}

/** The whole picture, squeezed to a size. */
export function wholePicture(picture: Warp['picture'], columns: number, rows: number): Warp {
  const mesh = new Float64Array((columns + 1) * (rows + 1) * 2);
  for (let j = 0, at = 0; j <= rows; j++) {
    for (let i = 0; i <= columns; i++) {
      mesh[at++] = (picture.width * i) / columns;
      mesh[at++] = (picture.height * j) / rows;
    }
  }
  return { width: columns, height: rows, picture: { width: picture.width, height: picture.height }, mesh };
}

/**
 * The views of a calibrated picture: for `bars` and `rect` one per row of bars, nearest the player first; for `raw` the
 * whole picture. Where a model answers for a fixed number of places and has no strip, the bars beyond it get no answer.
 * @throws {TypeError | RangeError} as {@link barStrips} and {@link keyboardView}.
 */
export function modelViews({ geometry, shape, cellWidth, window }: ModelInput, calibration: Calibration): ModelView[] {
  const [, rows, columns] = shape;
  if (geometry === 'bars') {
    return barStrips(calibration, { cellWidth, rows }).map((strip) => ({ warp: strip, midi: strip.midi }));
  }
  const checked = parseCalibration(calibration);
  const { width, height } = checked;
  const answered = (midi: readonly number[]): readonly number[] => midi.slice(0, window);
  if (geometry === 'raw') {
    const midi = checked.bars.map((bar) => bar.midi).sort((a, b) => a - b);
    return [{ warp: wholePicture({ width, height }, columns, rows), midi: answered(midi) }];
  }
  return calibrationRows(checked).map((bars) => {
    const [first, last] = [bars[0].quad, bars[bars.length - 1].quad];
    const corners: readonly Point[] = [first[0], last[1], last[2], first[3]];
    // Any instrument is seen as the one of 2017: what counts is that its outline always has one shape.
    const warp = keyboardView(parseLayout('gt18'), corners as Quad, { width, height }, { columns, rows });
    return { warp, midi: answered(bars.map(({ midi }) => midi)) };
  });
}

/**
 * A model that sees a keyboard, or a picture, as a whole has so many places and no more.
 * @throws {RangeError} for an instrument that it has too few for.
 */
export function refuseOtherInstrument(
  { name, input }: Pick<ModelCard, 'name' | 'input'>,
  calibration: Calibration,
): void {
  const rows = calibrationRows(calibration).map(({ length }) => length);
  const most = input.geometry === 'rect' ? Math.max(...rows) : rows.reduce((sum, bars) => sum + bars, 0);
  if (most <= input.window!) return;
  throw new RangeError(
    `${name} hears instruments of up to ${input.window} bars, the calibration has ${most}; take a model that sees bar by bar, as bar-lstm.`,
  );
}

/** The gray pictures a view holds, and whether there has been none; plain data. */
export interface ViewImageState {
  readonly data: Float32Array | undefined;
  readonly first: boolean;
}

/** What one view gives a model, frame after frame. */
export interface ViewImage {
  /** [3 x height x width]: the view's differences, or its three last gray pictures, oldest first. Valid until the next frame. */
  readonly data: Float32Array;
  /** Takes the frame that the rectifier has just seen. */
  readonly advance: () => void;
  /** The next frame is the first: the gray pictures before it are taken to be like it. */
  readonly reset: () => void;
  /** What it remembers beyond the rectifier; a copy. */
  readonly snapshot: () => ViewImageState;
  /** Goes on exactly where the image was that the state is of. */
  readonly restore: (state: ViewImageState) => void;
}

/** The images of a view, as its model wants them. */
export function viewImage({ gray, output }: RectifiedView, channels: ModelInput['channels']): ViewImage {
  const nothing = (): void => undefined;
  if (channels === 'differences') {
    const snapshot = (): ViewImageState => ({ data: undefined, first: false });
    return { data: output, advance: nothing, reset: nothing, snapshot, restore: nothing };
  }
  const plane = gray.length;
  const data = new Float32Array(3 * plane);
  let first = true;
  return {
    data,
    advance() {
      if (first) for (const place of [1, 2]) data.set(gray, place * plane);
      data.copyWithin(0, plane);
      data.set(gray, 2 * plane);
      first = false;
    },
    reset() {
      first = true;
    },
    snapshot: () => ({ data: data.slice(), first }),
    restore(state) {
      data.set(state.data!);
      ({ first } = state);
    },
  };
}
