// How well exemplars are found, and how near they sound. Needs `npm run build`, and fluidsynth with FluidR3_GM.sf2 for renderings
// that the bank does not hold; the 2017 vectors, which are not part of this repository, are given by path.
//
//   node bench/exemplars.mjs [--vectors FOLDER --labels FILE] [--soundfont FILE]
//
// FOLDER holds seqN_audio_vectors.mat; FILE is a list of { seq, frame of the peak, bar 0..17 }.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as marimba from '../dist/node.js';
import { ExemplarIndex, fingerprint, levelBetween, nearestPrint, stretchAt } from '../dist/sound/exemplar-retrieval.js';

const { GT18, analyzeNotes, encodeMidi, loadKernels, readExemplars, readFeatures, readSound, RealFft, synthesize } =
  marimba;
const { values } = parseArgs({
  options: {
    vectors: { type: 'string' },
    labels: { type: 'string' },
    soundfont: { type: 'string', default: '/usr/share/sounds/sf2/FluidR3_GM.sf2' },
  },
});
const midi = GT18.map((note) => note.midi);
const percent = (part, whole) => `${((100 * part) / whole).toFixed(1)} % (${part} of ${whole})`;
const mean = (list) => list.reduce((sum, x) => sum + x, 0) / list.length;
const spread = (list) => Math.sqrt(mean(list.map((x) => (x - mean(list)) ** 2)));

/** Pearson correlation. */
function correlation(a, b) {
  const [ma, mb] = [mean(a), mean(b)];
  return mean(a.map((x, i) => (x - ma) * (b[i] - mb))) / (spread(a) * spread(b));
}

/** A wandering mallet, a second one now and then; velocities as MIDI has them, none of them in the bank. */
function strikesOf(count, seed) {
  let state = seed;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const strikes = [];
  let [time, bar] = [0.5, 8];
  for (let i = 0; i < count; i++) {
    const velocity = () => [48, 56, 64, 80, 88, 96, 110, 120][Math.floor(8 * random())] / 127;
    strikes.push({ time, midi: midi[bar], velocity: velocity() });
    if (random() < 0.1)
      strikes.push({ time: time + 0.01 * random(), midi: midi[(bar + 4) % 18], velocity: velocity() });
    bar = Math.max(0, Math.min(17, bar + Math.floor(7 * random()) - 3));
    time += 0.15 + random();
  }
  return strikes;
}

async function renderings() {
  if (!existsSync(values.soundfont)) {
    console.log(`Held-out renderings: skipped, there is no ${values.soundfont}.`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'exemplars-'));
  try {
    const played = strikesOf(600, 1);
    const [mid, wav] = [join(folder, 'a.mid'), join(folder, 'a.wav')];
    writeFileSync(mid, encodeMidi(played, { noteLength: 2 }));
    const flags = ['-ni', '-R0', '-C0', '-g', '1', '-r', '44100', '-O', 'float', '-F', wav];
    execFileSync('fluidsynth', [...flags, values.soundfont, mid], { stdio: 'ignore' });
    const { sampleRate, channels } = await readSound(wav);
    const raw = channels[0].map((x, i) => (x + channels[1][i]) / 2);
    const peak = raw.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    const truth = raw.map((x) => x / peak);
    // Its samples begin 2.3 to 3.5 ms after the note.
    const strikes = played.map((strike) => ({ ...strike, time: strike.time + 0.0028 }));
    const bank = await readExemplars();
    for (const fps of [25, 30, 60]) {
      const amplitudes = await analyzeNotes({ sampleRate, channels: [truth] }, { fps });
      const index = await ExemplarIndex.open(bank, GT18, amplitudes.fps);
      const found = [1, 17].map((reach) => strikes.map((strike) => index.find(amplitudes, strike, strikes, reach)));
      const right = found.map((list) => list.filter((one, i) => one?.midi === strikes[i].midi).length);
      const levels = found[0].flatMap((one, i) =>
        one?.midi === strikes[i].midi ? [20 * Math.log10(one.peak / strikes[i].velocity ** 2)] : [],
      );
      console.log(
        `Held-out renderings, ${fps} fps: same bar ${percent(right[0], strikes.length)} within one bar, ` +
          `${percent(right[1], strikes.length)} among all; level +-${spread(levels).toFixed(2)} dB (sd).`,
      );
      if (fps !== 25) continue;
      const duration = truth.length / sampleRate;
      const voices = [
        ['exemplar', { exemplars: bank, strikes }],
        ['additive', {}],
        ['additive', { tuning: 'marimba' }],
        ['modal', { tuning: 'marimba' }],
      ];
      for (const [voice, options] of voices) {
        const sound = await synthesize(amplitudes, { voice, sampleRate, duration, ...options });
        report(
          `  ${voice}${options.tuning ? `, ${options.tuning}` : ''}`,
          await owens(strikes, truth, sound, sampleRate),
        );
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// Owens et al. compare, strike by strike, the loudness (the largest energy over time of the compressed subband envelopes) and
// the spectral centroid (centre of mass of the channels in the 30 ms after contact). Ours: 40 bands spaced on the ERB scale from
// 100 Hz to 12 kHz, frames of 23 ms every 6 ms, energies to the power 0.3 / 2, as their cochleagrams.
const bandCount = 40;
const erb = (hz) => 21.4 * Math.log10(1 + 0.00437 * hz);

async function owens(strikes, truth, sound, sampleRate) {
  const size = 1024;
  const fft = new RealFft(await loadKernels(), size);
  const [low, high] = [erb(100), erb(12_000)];
  const bands = Array.from({ length: size / 2 }, (_, k) =>
    Math.floor((bandCount * (erb((k * sampleRate) / size) - low)) / (high - low)),
  );
  const describe = (samples, time) => {
    let [loudness, centroid] = [0, 0];
    for (let frame = 0; frame < 25; frame++) {
      const start = Math.round((time + 0.006 * frame) * sampleRate);
      for (let i = 0; i < size; i++) {
        fft.samples[i] = (samples[start + i] ?? 0) * Math.sin((Math.PI * (i + 0.5)) / size) ** 2;
      }
      fft.forward();
      const energy = new Float64Array(bandCount);
      for (let k = 0; k < size / 2; k++) {
        if (bands[k] >= 0 && bands[k] < bandCount) energy[bands[k]] += fft.real[k] ** 2 + fft.imag[k] ** 2;
      }
      const compressed = Array.from(energy, (x) => x ** 0.15);
      loudness = Math.max(loudness, Math.hypot(...compressed));
      if (frame === 1) {
        centroid = compressed.reduce((sum, x, b) => sum + x * b, 0) / compressed.reduce((sum, x) => sum + x, 1e-12);
      }
    }
    return { loudness, centroid };
  };
  const a = strikes.map(({ time }) => describe(truth, time));
  const b = strikes.map(({ time }) => describe(sound, time));
  return Object.fromEntries(
    ['loudness', 'centroid'].map((what) => {
      const [x, y] = [a.map((one) => one[what]), b.map((one) => one[what])];
      return [what, { error: mean(x.map((v, i) => Math.abs(v - y[i]))), r: correlation(x, y), scale: mean(x) }];
    }),
  );
}

function report(name, { loudness, centroid }) {
  console.log(
    `${name}: loudness error ${((100 * loudness.error) / loudness.scale).toFixed(1)} % of its mean, r ${loudness.r.toFixed(3)}; ` +
      `centroid error ${centroid.error.toFixed(2)} ERB bands of 40, r ${centroid.r.toFixed(3)}.`,
  );
}

async function recorded() {
  if (!values.vectors || !values.labels) {
    console.log('2017 vectors: skipped, --vectors and --labels were not given.');
    return;
  }
  const labels = JSON.parse(readFileSync(values.labels, 'utf8'));
  const strikesIn = async (seq) => {
    const amplitudes = await readFeatures(join(values.vectors, `${seq}_audio_vectors.mat`), { fps: 25 });
    return labels
      .filter((label) => label.seq === seq)
      .map(({ frame, bar }) => {
        // The two rows before the peak, and five after it.
        const rows = stretchAt(amplitudes, { time: frame / 25, midi: midi[bar] });
        return { bar, midi: midi[bar], rows, print: fingerprint(rows) };
      });
  };
  const bank = (await Promise.all(['seq6a', 'seq6b', 'seq6c'].map(strikesIn))).flat();
  const queries = await strikesIn('seq6e');
  const prints = bank.map(({ print }) => print);
  for (const [name, reach] of [
    ['within one bar', 1],
    ['among all', 17],
  ]) {
    const answers = queries.map(({ bar, print }) =>
      nearestPrint(print, prints, (place) => Math.abs(bank[place].bar - bar) <= reach),
    );
    const right = answers.filter((place, i) => bank[place].bar === queries[i].bar).length;
    const errors = answers.flatMap((place, i) => {
      const level = levelBetween(queries[i].rows, bank[place], GT18);
      const peak = (rows) => Math.max(...rows);
      const error = 20 * Math.log10((level * peak(bank[place].rows)) / peak(queries[i].rows));
      return bank[place].bar === queries[i].bar && Number.isFinite(error) ? [Math.abs(error)] : [];
    });
    errors.sort((a, b) => a - b);
    console.log(
      `2017 vectors, bank of ${bank.length} strikes (seq6a-c), ${name}: same bar ${percent(right, queries.length)}; ` +
        `level of the peak off by ${errors[errors.length >> 1].toFixed(2)} dB (median).`,
    );
  }
}

await renderings();
await recorded();
