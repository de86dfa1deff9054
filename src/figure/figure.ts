// A picture as a list of shapes: what the SVG writer and the rasteriser both draw, alike to the pixel.

/** Colour as "#rrggbb". */
export type Color = `#${string}`;

/** One shape; coordinates in pixels from the left and top edge, later shapes cover earlier ones. */
export type Shape =
  /** Axis-aligned rectangles of one colour. */
  | {
      readonly kind: 'rects';
      readonly color: Color;
      readonly rects: readonly (readonly [x: number, y: number, width: number, height: number])[];
    }
  /** A filled polygon. */
  | { readonly kind: 'polygon'; readonly color: Color; readonly points: readonly (readonly [x: number, y: number])[] }
  /** A line through points. */
  | {
      readonly kind: 'line';
      readonly color: Color;
      readonly width: number;
      readonly points: readonly (readonly [x: number, y: number])[];
    }
  /** A circle, drawn as a ring when it has a stroke width, else filled. */
  | {
      readonly kind: 'circle';
      readonly color: Color;
      readonly x: number;
      readonly y: number;
      readonly radius: number;
      readonly width?: number;
    }
  /** Text on its base line. */
  | {
      readonly kind: 'text';
      readonly color: Color;
      readonly x: number;
      readonly y: number;
      /** Height of an em, pixels. */
      readonly size: number;
      readonly text: string;
      readonly anchor?: 'start' | 'middle' | 'end';
      /** Turned to read upwards. */
      readonly upwards?: boolean;
    };

/** A picture. */
export interface Figure {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** What it shows, in a few words: the accessible name. */
  readonly title: string;
  /** What it shows, in a sentence or two, for those who cannot see it. */
  readonly description: string;
  /** Colour of the paper. */
  readonly background: Color;
  /** Drawn in order. */
  readonly shapes: readonly Shape[];
}

/**
 * Round numbers that divide a range: steps of 1, 2 or 5 times a power of ten.
 * @param count about how many.
 */
export function ticks(from: number, to: number, count: number): number[] {
  const rough = (to - from) / Math.max(1, count);
  if (!(rough > 0)) return [from];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10);
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

// Magma, by S. van der Walt and N. Smith for matplotlib (CC0): even steps look even, also in gray.
const magma = [
  0x000004, 0x0a0822, 0x1d1147, 0x36106b, 0x51127c, 0x6a1c81, 0x832681, 0x9c2e7f, 0xb73779, 0xd0416f, 0xe75263,
  0xf56b5c, 0xfc8961, 0xfea772, 0xfec488, 0xfde2a3, 0xfcfdbf,
];

/** Colour of a value of 0..1 on a perceptually even scale from black through purple and orange to pale yellow. */
export function heat(value: number): Color {
  const place = Math.max(0, Math.min(1, value)) * (magma.length - 1);
  const i = Math.min(magma.length - 2, Math.floor(place));
  const mix = (shift: number): number => {
    const [a, b] = [(magma[i] >> shift) & 255, (magma[i + 1] >> shift) & 255];
    return Math.round(a + (b - a) * (place - i));
  };
  return `#${((mix(16) << 16) | (mix(8) << 8) | mix(0)).toString(16).padStart(6, '0')}`;
}
