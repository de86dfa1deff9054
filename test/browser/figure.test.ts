// Figures, judged by a browser: it decodes our PNG, draws our SVG, and knows areas and well-formed XML.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatPng,
  formatSvg,
  GT18,
  plotAmplitudes,
  soundEnvelope,
  type Figure,
  type NoteAmplitudes,
} from '../../src/browser.js';
import { heat, ticks, type Shape } from '../../src/figure/figure.js';
import { rasterize, textWidth } from '../../src/figure/raster.js';

/** What the browser sees in an image, [height x width x 4]. */
async function pixelsOf(source: ImageBitmapSource, width: number, height: number): Promise<Uint8ClampedArray> {
  const context = new OffscreenCanvas(width, height).getContext('2d')!;
  context.drawImage(await createImageBitmap(source), 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
}

function figureOf(shapes: Shape[], width = 60, height = 40): Figure {
  return { width, height, title: 'A test', description: 'Shapes.', background: '#ffffff', shapes };
}

/** Ink on white paper, in pixels of full black. */
function ink(figure: Figure): number {
  return rasterize(figure, 1).rgb.reduce((sum, value) => sum + (255 - value), 0) / 255 / 3;
}

const frames = 120;
const amplitudes: NoteAmplitudes = {
  data: Float32Array.from({ length: frames * 18 }, (_, i) => {
    const [k, row] = [Math.floor(i / 18), i % 18];
    // Row r is struck at frame 6 r and decays.
    return k < 6 * row ? 0 : 0.02 * Math.exp(-(k - 6 * row) / 8);
  }),
  frames,
  notes: GT18,
  fps: { num: 25, den: 1 },
};
const strikes = GT18.map(({ midi }, row) => ({ time: (6 * row + 1.5) / 25, midi, velocity: 0.2 + row / 30 }));
const sound = {
  sampleRate: 8000,
  channels: [Float32Array.from({ length: 39_000 }, (_, i) => Math.sin(i / 9) * Math.exp((-i % 6000) / 1500))],
};

describe('the rasteriser', () => {
  it('fills as much as the polygon has area', () => {
    const coordinate = (limit: number): fc.Arbitrary<number> => fc.double({ min: 0, max: limit, noNaN: true });
    const point = fc.tuple(coordinate(59), coordinate(39));
    fc.assert(
      fc.property(point, point, point, (a, b, c) => {
        const area = Math.abs((b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])) / 2;
        const got = ink(figureOf([{ kind: 'polygon', color: '#000000', points: [a, b, c] }]));
        // 8 bits per pixel along the edges: 0.067 pixels measured at worst.
        expect(Math.abs(got - area)).toBeLessThan(0.27);
      }),
      { numRuns: 400 },
    );
  });

  it('leaves the hole of a ring, clips at the edge, and strokes as wide as asked', () => {
    const ring = ink(figureOf([{ kind: 'circle', color: '#000000', x: 30, y: 20, radius: 10, width: 4 }]));
    expect(Math.abs(ring - Math.PI * (12 ** 2 - 8 ** 2))).toBeLessThan(4);
    const half = ink(figureOf([{ kind: 'circle', color: '#000000', x: 0, y: 20, radius: 10 }]));
    expect(Math.abs(half - (Math.PI * 100) / 2)).toBeLessThan(4);
    const line = ink(
      figureOf([
        {
          kind: 'line',
          color: '#000000',
          width: 2,
          points: [
            [5, 5],
            [45, 35],
          ],
        },
      ]),
    );
    expect(Math.abs(line - 2 * Math.hypot(40, 30))).toBeLessThan(1);
    expect(
      ink(
        figureOf([
          {
            kind: 'polygon',
            color: '#000000',
            points: [
              [-50, -50],
              [-10, -10],
              [-50, 90],
            ],
          },
        ]),
      ),
    ).toBe(0);
  });

  it('sets text where it belongs, also turned', () => {
    const text: Shape = { kind: 'text', color: '#000000', x: 8, y: 30, size: 20, text: 'F♯4 −20?' };
    const { rgb, width, height } = rasterize(figureOf([text], 120, 40), 1);
    const columns = Array.from({ length: width }, (_, x) => {
      let sum = 0;
      for (let y = 0; y < height; y++) sum += 255 - rgb[3 * (y * width + x)];
      return sum;
    });
    const first = columns.findIndex((sum) => sum > 0);
    const last = columns.findLastIndex((sum) => sum > 0);
    expect(first).toBeGreaterThanOrEqual(8);
    expect(last).toBeLessThanOrEqual(8 + textWidth('F♯4 −20?', 20));
    expect(last).toBeGreaterThan(8 + textWidth('F♯4 −20?', 20) - 6);
    // Turned text is the same ink upwards.
    const upright = ink(figureOf([text], 120, 40));
    const turned = ink(figureOf([{ ...text, x: 30, y: 110, upwards: true }], 40, 120));
    expect(Math.abs(turned / upright - 1)).toBeLessThan(0.01);
    expect(textWidth('\u{1F3B5}', 10)).toBe(textWidth('?', 10));
  });

  it('refuses pictures that are too large', () => {
    expect(() => rasterize(figureOf([]), 0)).toThrow(RangeError);
    expect(() => rasterize(figureOf([], 20_000, 20_000))).toThrow(/100 megapixels, got 40000 x 40000/);
  });
});

describe('the plot', () => {
  it('is one picture as PNG and as SVG', async () => {
    const figure = plotAmplitudes(amplitudes, {
      envelope: await soundEnvelope(sound),
      strikes,
      title: 'Seven & <more>',
    });
    const { width, height } = figure;
    const png = await pixelsOf(new Blob([await formatPng(figure, 1)], { type: 'image/png' }), width, height);
    const ours = rasterize(figure, 1).rgb;
    for (let i = 0; i < width * height; i++) {
      if (png[4 * i] !== ours[3 * i] || png[4 * i + 2] !== ours[3 * i + 2] || png[4 * i + 3] !== 255) {
        throw new Error(`pixel ${i} is ${png.slice(4 * i, 4 * i + 4).join(' ')}`);
      }
    }
    const image = new Image();
    image.src = URL.createObjectURL(new Blob([formatSvg(figure)], { type: 'image/svg+xml' }));
    await image.decode();
    const svg = await pixelsOf(image, width, height);
    let difference = 0;
    for (let i = 0; i < width * height; i++) {
      for (let c = 0; c < 3; c++) difference += Math.abs(svg[4 * i + c] - ours[3 * i + c]);
    }
    // Levels of 255 on average; edges and another font's hinting differ. 0.23 measured.
    expect(difference / (3 * width * height)).toBeLessThan(0.93);
  });

  it('is well-formed, named and described', () => {
    const text = formatSvg(plotAmplitudes(amplitudes, { strikes, title: 'Seven & <more>' }));
    const svg = new DOMParser().parseFromString(text, 'image/svg+xml');
    expect(svg.querySelector('parsererror')).toBeNull();
    const root = svg.documentElement;
    expect(root.getAttribute('role')).toBe('img');
    const named = root
      .getAttribute('aria-labelledby')!
      .split(' ')
      .map((id) => svg.getElementById(id)!.textContent);
    expect(named[0]).toBe('Seven & <more>');
    expect(named[1]).toMatch(/18 notes \(F#4 to A#7\) .* 0\.0 to 4\.9 seconds.* 18 strikes are marked\./);
    const words = Array.from(svg.querySelectorAll('text'), (node) => node.textContent);
    for (const word of ['F♯4', 'A♯7', 'time (s)', 'level (dB re loudest)', '−60', '0', 'strike'])
      expect(words).toContain(word);
  });

  it('puts levels and strikes where they belong', () => {
    const figure = plotAmplitudes(amplitudes, { width: 1000 });
    const { rgb } = rasterize(figure, 1);
    const colorAt = (x: number, y: number): string =>
      `#${[0, 1, 2].map((c) => rgb[3 * (y * 1000 + x) + c].toString(16).padStart(2, '0')).join('')}`;
    // Row 9 (D♯6), frame 54 and the middle of its window: the loudest there is.
    const [left, right, bottom] = [58, 908, figure.height - 50];
    const x = (second: number): number => Math.floor(left + ((right - left) * second) / ((frames + 2) / 25));
    const y = Math.floor(bottom - 9.5 * 18);
    expect(colorAt(x((54 + 1.5) / 25), y)).toBe(heat(1 - 0.5 / 64));
    expect(colorAt(x((53 + 1.5) / 25) - 2, y)).toBe(heat(0));
    // A strike's ring is around that place.
    const marked = plotAmplitudes(amplitudes, { width: 1000, strikes });
    const ring = marked.shapes.filter((shape) => shape.kind === 'circle' && shape.color === '#5ce1e6')[9];
    expect(ring).toMatchObject({ y: bottom - 9.5 * 18 });
    expect(Math.abs((ring as { x: number }).x - (left + ((right - left) * 55.5) / (frames + 2)))).toBeLessThan(0.01);
    // A stretch: what it shows lies where the whole figure has it, only larger.
    const part = plotAmplitudes(amplitudes, { width: 1000, strikes, from: 2, to: 3 });
    expect(part.shapes.filter((shape) => shape.kind === 'circle' && shape.color === '#5ce1e6').length).toBe(1 + 4);
  });

  it('stays small for an hour, and draws silence and a single frame', () => {
    const hour = {
      ...amplitudes,
      data: new Float32Array(90_000 * 18).map((_, i) => (i * 7919) % 1000),
      frames: 90_000,
    };
    expect(formatSvg(plotAmplitudes(hour)).length).toBeLessThan(600_000);
    for (const count of [1, 50]) {
      const silent = { ...amplitudes, data: new Float32Array(count * 18), frames: count };
      expect(formatSvg(plotAmplitudes(silent))).not.toMatch(/NaN|Infinity/);
    }
    expect(() => plotAmplitudes(amplitudes, { range: 0 })).toThrow(RangeError);
    expect(() => plotAmplitudes(amplitudes, { from: 9 })).toThrow(/a stretch of 0 to 4\.88 s, got 9 to/);
  });

  it('finds the extremes of a sound in memory and of a stream', async () => {
    const whole = await soundEnvelope(sound, 100);
    expect(whole.duration).toBeCloseTo(4.875, 9);
    expect(whole.low.length).toBe(100);
    expect(Math.max(...whole.high)).toBe(Math.max(...sound.channels[0]));
    expect(Math.min(...whole.low)).toBe(Math.min(...sound.channels[0]));
    const stream = {
      sampleRate: 8000,
      channelCount: 1,
      async *blocks() {
        for (let at = 0; at < 39_000; at += 777)
          yield await Promise.resolve([sound.channels[0].subarray(at, at + 777)]);
      },
    };
    expect(await soundEnvelope(stream, 100)).toEqual(whole);
  });

  it('ticks are round, within, and about as many as asked', () => {
    expect(ticks(0, 21.4, 9)).toEqual([0, 5, 10, 15, 20]);
    expect(ticks(-60, 0, 6)).toEqual([-60, -50, -40, -30, -20, -10, 0]);
    fc.assert(
      fc.property(
        fc.double({ min: -1e4, max: 1e4, noNaN: true }),
        fc.double({ min: 1e-3, max: 1e4, noNaN: true }),
        (from, span) => {
          const found = ticks(from, from + span, 8);
          expect(found.length).toBeLessThanOrEqual(10);
          expect(found.length).toBeGreaterThanOrEqual(2);
          for (const tick of found) expect(tick >= from - span * 1e-6 && tick <= from + span * (1 + 1e-6)).toBe(true);
        },
      ),
    );
  });
});
