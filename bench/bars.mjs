// How often bars land where they are: `node bench/bars.mjs [--scenes N] [--sizes 320,640,1280] [--clicks 1,3,6] [--json FILE]`, after
// a build. Simulated pictures of all families, each the median of seven frames; corners get Gaussian errors of so many pixels.
// Snap: share of bars whose centre line is within a sixth of the spacing. Detection: share of pictures in which all bars were
// found and nothing else, and how often it was sure (confidence from 0.5) and wrong. Processor time, for the machine is shared.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { detectBars, parseLayout, snapBars } from '../dist/node.js';
import { scene } from '../dist/scene/scene.js';
import { medianOf } from '../dist/video/median-picture.js';

const { values } = parseArgs({
  options: {
    scenes: { type: 'string', default: '20' },
    sizes: { type: 'string', default: '640' },
    clicks: { type: 'string', default: '3' },
    families: { type: 'string', default: 'train,looks,cameras,paper,degraded,everything' },
    json: { type: 'string' },
  },
});
const list = (text) => text.split(',').map(Number);
const places = [0, 0.5, 1, 1.5, 2, 3, 3.5, 4, 4.5, 5, 5.5, 6];
const black = (midi) => [1, 3, 6, 8, 10].includes(midi % 12);

/** Nominal proportions for given notes: what a user would say it is, never how it was built. */
function nominal(notes) {
  const place = (midi) => 7 * Math.floor(midi / 12) + places[midi % 12];
  const first = Math.min(...notes.map(place));
  const two = notes.some(black) && !notes.every(black);
  const bars = notes.map((midi) => {
    const n = place(midi) - first;
    const length = 0.375 * 2 ** ((-0.35 * n) / 7);
    const [near, far] = !two ? [0, length] : black(midi) ? [0.005, 0.9 * length] : [-length, -0.005];
    return { midi, x: 0.0485 * n - 0.00012 * n ** 2, width: 0.04 - (0.004 * n) / 24, near, far };
  });
  return parseLayout({ format: 'deep-marimba/layout@1', name: 'nominal', bars });
}

function generator(seed) {
  let state = seed * 2654435761 + 12345;
  const unit = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 4294967296;
  };
  return () => Math.sqrt(-2 * Math.log(unit())) * Math.cos(2 * Math.PI * unit());
}

const between = (a, b, t) => [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
const centre = ([a, b, c, d], t) => between(between(a, d, t), between(b, c, t), 0.5);

/** Distance of each true bar's centre line from the one of `find(bar)`, in spacings, and of its ends, in lengths. */
function errors(truth, find) {
  return truth.map((bar) => {
    const row = truth.filter((other) => other.row === bar.row && other !== bar);
    const [far, near, middle] = [0, 1, 0.5].map((t) => centre(bar.quad, t));
    const length = Math.hypot(near[0] - far[0], near[1] - far[1]);
    const along = [(near[0] - far[0]) / length, (near[1] - far[1]) / length];
    const across = (p) => Math.abs((p[0] - middle[0]) * along[1] - (p[1] - middle[1]) * along[0]);
    const spacing = Math.min(...row.map((other) => across(centre(other.quad, 0.5))));
    const quad = find(bar);
    if (!quad) return { across: Infinity, ends: Infinity };
    const [p, q] = [centre(quad, 0), centre(quad, 1)];
    const size = Math.hypot(q[0] - p[0], q[1] - p[1]);
    const off = ([x, y]) => Math.abs((y - p[1]) * (q[0] - p[0]) - (x - p[0]) * (q[1] - p[1])) / size;
    const end = (a, b) => Math.abs((b[0] - a[0]) * along[0] + (b[1] - a[1]) * along[1]) / length;
    return {
      across: Math.max(...[0.15, 0.5, 0.85].map((t) => off(centre(bar.quad, t)))) / spacing,
      ends: Math.min(Math.max(end(far, p), end(near, q)), Math.max(end(far, q), end(near, p))),
    };
  });
}

const processor = () => process.cpuUsage().user / 1000;
const rows = [];
for (const width of list(values.sizes)) {
  for (const family of values.families.split(',')) {
    const sum = { scenes: 0, bars: 0, detected: 0, sure: 0, sureWrong: 0, detectMs: 0 };
    const snap = list(values.clicks).map((click) => ({ click, right: 0, whole: 0, expected: 0, ms: 0 }));
    for (let seed = 0; sum.scenes < Number(values.scenes); seed++) {
      const height = Math.round((width * 9) / 16);
      const made = scene(500_000 + seed, family, { width, height, seconds: 8 });
      const { corners, calibration, times } = made.truth;
      const inside = ([x, y]) => x >= 0 && y >= 0 && x < width && y < height;
      if (!calibration.bars.every(({ quad }) => quad.every(inside))) continue;
      const frames = Array.from({ length: 7 }, (_, k) => {
        const index = Math.floor(((k + 0.5) * times.length) / 7);
        return [...made.frames(index, index + 1)][0].pixels;
      });
      const picture = { width, height, luma: medianOf(frames) };
      const layout = nominal(calibration.bars.map(({ midi }) => midi));
      sum.scenes++;
      sum.bars += calibration.bars.length;
      for (const one of snap) {
        const gauss = generator(1 + seed);
        const clicked = corners.map((point) => point.map((value) => value + one.click * gauss()));
        const start = processor();
        const { calibration: found, confidence } = snapBars(picture, clicked, layout);
        one.ms += processor() - start;
        const off = errors(calibration.bars, ({ midi }) => found.bars.find((bar) => bar.midi === midi)?.quad);
        const right = off.filter(({ across }) => across < 1 / 6).length;
        one.right += right;
        one.whole += right === off.length;
        one.expected += confidence * off.length;
      }
      const start = processor();
      const { calibration: found, confidence } = detectBars(picture);
      sum.detectMs += processor() - start;
      const quads = (found?.bars ?? []).map(({ quad }) => quad);
      const nearest = ({ quad }) => {
        const [x, y] = centre(quad, 0.5);
        const away = (other) => Math.hypot(centre(other, 0.5)[0] - x, centre(other, 0.5)[1] - y);
        return quads.length > 0 ? quads.reduce((a, b) => (away(b) < away(a) ? b : a)) : undefined;
      };
      const off = errors(calibration.bars, nearest);
      const all = quads.length === off.length && off.every(({ across, ends }) => across < 1 / 4 && ends < 1 / 4);
      sum.detected += all;
      sum.sure += confidence >= 0.5;
      sum.sureWrong += confidence >= 0.5 && !all;
    }
    rows.push({ width, family, ...sum, snap });
    const percent = (part, whole) => `${((100 * part) / whole).toFixed(1)} %`.padStart(8);
    const snaps = snap.map(
      ({ click, right, whole, expected, ms }) =>
        `snap ${click} px: bars${percent(right, sum.bars)} (said ${percent(expected, sum.bars).trim()}), whole${percent(whole, sum.scenes)}, ${(ms / sum.scenes).toFixed(0)} ms`,
    );
    console.log(
      `${String(width).padStart(4)} ${family.padEnd(10)} ${snaps.join('; ')}; detected${percent(sum.detected, sum.scenes)}, sure of${percent(sum.sure, sum.scenes)}, of these wrong ${sum.sureWrong}, ${(sum.detectMs / sum.scenes).toFixed(0)} ms`,
    );
  }
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 1)}\n`);
