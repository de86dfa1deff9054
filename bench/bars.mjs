// How often bars land where they are, in one command after a build: `node bench/bars.mjs [--scenes N] [--from SEED] [--sizes
// 320,640,1280] [--clicks 0,3,6] [--families train,paper] [--json FILE]`. Simulated pictures of all families, each the median of seven
// frames, in which every corner of every bar is inside the picture. Corners get Gaussian errors of so many pixels.
// Snap: share of bars whose centre line is within a sixth of the spacing. Detection, without a hint and given a nominal layout: share of
// pictures in which all bars were found (within a quarter of spacing and length) and nothing else, and how often it was sure
// (confidence from 0.5) and wrong. "Free": pictures of which the player hides no bar by more than a tenth, seen from the same
// moments without a player. Seeds below 900,000 were looked at while the finder was made; the default ones were not.
// Processor time, for the machine is shared.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { detectBars, parseLayout, snapBars } from '../dist/node.js';
import { drawScene } from '../dist/scene/draw-scene.js';
import { scene } from '../dist/scene/scene.js';
import { Stage } from '../dist/scene/stage.js';
import { medianOf } from '../dist/video/median-picture.js';

const { values } = parseArgs({
  options: {
    scenes: { type: 'string', default: '8' },
    from: { type: 'string', default: '900000' },
    sizes: { type: 'string', default: '320,640,1280' },
    clicks: { type: 'string', default: '0,3,6' },
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

/** The picture without the player and without what moves behind. */
function emptyPicture(seed, family, options, times) {
  const { width, height } = options;
  const stage = new Stage(
    { ...drawScene(seed, family, options), performance: { parts: [], distractions: [] } },
    width,
    height,
    false,
  );
  const frames = [0.25, 0.5, 0.75].map((share) => {
    const index = Math.floor(share * times.length);
    const pixels = new Uint8Array(width * height);
    stage.render(times[index], index, pixels);
    return pixels;
  });
  return medianOf(frames);
}

/** Largest share of a bar that the player hides. */
function mostHidden(bars, { width, luma }, empty) {
  const shares = bars.map(({ quad: [a, b, c, d] }) => {
    let [hidden, count] = [0, 0];
    for (let i = 1; i < 20; i++) {
      for (const t of [0.2, 0.4, 0.6, 0.8]) {
        const [x, y] = between(between(a, d, i / 20), between(b, c, i / 20), t).map(Math.floor);
        hidden += Math.abs(luma[y * width + x] - empty[y * width + x]) > 25;
        count++;
      }
    }
    return hidden / count;
  });
  return Math.max(...shares);
}

const processor = () => process.cpuUsage().user / 1000;
const rows = [];
for (const width of list(values.sizes)) {
  for (const family of values.families.split(',')) {
    const sum = { scenes: 0, free: 0, bars: 0, freeBars: 0 };
    const ways = ['no hint', 'layout'].map((hint) => ({
      hint, whole: 0, wholeFree: 0, sure: 0, sureWrong: 0, ms: 0,
    })); // prettier-ignore
    const snap = list(values.clicks).map((click) => ({ click, right: 0, rightFree: 0, whole: 0, expected: 0, ms: 0 }));
    for (let seed = Number(values.from); sum.scenes < Number(values.scenes); seed++) {
      const height = Math.round((width * 9) / 16);
      const options = { width, height, seconds: 8 };
      const made = scene(seed, family, options);
      const { corners, calibration, times } = made.truth;
      const inside = ([x, y]) => x >= 0 && y >= 0 && x < width && y < height;
      if (!calibration.bars.every(({ quad }) => quad.every(inside))) continue;
      const frames = Array.from({ length: 7 }, (_, k) => {
        const index = Math.floor(((k + 0.5) * times.length) / 7);
        return [...made.frames(index, index + 1)][0].pixels;
      });
      const picture = { width, height, luma: medianOf(frames) };
      const layout = nominal(calibration.bars.map(({ midi }) => midi));
      const free = mostHidden(calibration.bars, picture, emptyPicture(seed, family, options, times)) <= 0.1;
      sum.scenes++;
      sum.free += free;
      sum.bars += calibration.bars.length;
      if (free) sum.freeBars += calibration.bars.length;
      for (const one of snap) {
        const gauss = generator(1 + seed);
        const clicked = corners.map((point) => point.map((value) => value + one.click * gauss()));
        const start = processor();
        const { calibration: found, confidence } = snapBars(picture, clicked, layout);
        one.ms += processor() - start;
        const off = errors(calibration.bars, ({ midi }) => found.bars.find((bar) => bar.midi === midi)?.quad);
        const right = off.filter(({ across }) => across < 1 / 6).length;
        one.right += right;
        if (free) one.rightFree += right;
        one.whole += right === off.length;
        one.expected += confidence * off.length;
      }
      for (const way of ways) {
        const start = processor();
        const { calibration: found, confidence } = detectBars(picture, way.hint === 'layout' ? { layout } : {});
        way.ms += processor() - start;
        const quads = (found?.bars ?? []).map(({ quad }) => quad);
        const nearest = ({ quad }) => {
          const [x, y] = centre(quad, 0.5);
          const away = (other) => Math.hypot(centre(other, 0.5)[0] - x, centre(other, 0.5)[1] - y);
          return quads.length > 0 ? quads.reduce((a, b) => (away(b) < away(a) ? b : a)) : undefined;
        };
        const off = errors(calibration.bars, nearest);
        const all = quads.length === off.length && off.every(({ across, ends }) => across < 1 / 4 && ends < 1 / 4);
        way.whole += all;
        way.wholeFree += all && free;
        way.sure += confidence >= 0.5;
        way.sureWrong += confidence >= 0.5 && !all;
      }
    }
    rows.push({ width, family, ...sum, snap, detection: ways });
    print(rows[rows.length - 1]);
  }
  const mine = rows.filter((row) => row.width === width);
  const total = (of) => mine.reduce((sum, row) => sum + of(row), 0);
  const added = (name, key) =>
    mine[0][name].map((one, k) =>
      Object.fromEntries(Object.entries(one).map(([what, value]) => [what, what === key ? value : total((row) => row[name][k][what])])),
    ); // prettier-ignore
  print({
    width,
    family: 'all',
    ...Object.fromEntries(['scenes', 'free', 'bars', 'freeBars'].map((key) => [key, total((row) => row[key])])),
    snap: added('snap', 'click'),
    detection: added('detection', 'hint'),
  });
}

/** One line of the table. */
function print({ width, family, scenes, free, bars, freeBars, snap, detection }) {
  const percent = (part, whole) => (whole > 0 ? `${((100 * part) / whole).toFixed(1)} %` : '-').padStart(8);
  const snaps = snap.map(
    ({ click, right, rightFree, expected, ms }) =>
      `snap ${click} px${percent(right, bars)} (free${percent(rightFree, freeBars)}, said${percent(expected, bars)}, ${(ms / scenes).toFixed(0)} ms)`,
  );
  const found = detection.map(
    ({ hint, whole, wholeFree, sure, sureWrong, ms }) =>
      `detected, ${hint}${percent(whole, scenes)} (free${percent(wholeFree, free)}, sure of ${sure}, of these wrong ${sureWrong}, ${(ms / scenes).toFixed(0)} ms)`,
  );
  console.log(`${width} ${family.padEnd(10)} ${scenes} pictures, ${free} free; ${[...snaps, ...found].join('; ')}`);
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 1)}\n`);
