// How much of the 2017 recordings the modal voice explains: the strikes of a recorded sequence, played by the voice and
// analysed as in 2017, beside the audio vectors of that recording. One velocity and one moment are fitted per strike.
//
//   node scripts/build.mjs && node bench/modal-against-2017.mjs STRIKES.json seq6a_audio_vectors.mat ...
//
// STRIKES.json lists { seq, frame, bar } per strike: sequence, row in which the strike shows first (give or take one),
// place of the bar. Neither file is part of this package.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { analyzeNotes, GT18, instrumentA4, readFeatures, synthesize } from '../dist/node.js';

const sampleRate = 48_000;
const bars = GT18.length;
// Rows compared per strike: from three before it shows.
const span = 8;
const phases = 10;
// Long enough for any bar to fall silent between two strikes of a template.
const gap = 60;

/** Features as in 2017 of a sound, without the division by its maximum. */
async function features(sound, frames) {
  let top = 0;
  for (const x of sound) top = Math.max(top, x);
  const { data } = await analyzeNotes({ sampleRate, channels: [sound] }, { fps: 25, frames, mode: 'seed' });
  return data.map((x) => x * top);
}

/** For every bar and phase of a video frame: the rows of a strike of velocity 1 in frame 6, rows 0 to 15. */
async function templates() {
  const rows = [];
  for (const { midi } of GT18) {
    const strikes = Array.from({ length: phases }, (_, q) => ({
      time: (q * gap + 6 + (q + 0.5) / phases) / 25,
      midi,
      velocity: 1,
    }));
    const frames = phases * gap + 10;
    const sound = await synthesize(strikes, { sampleRate, a4: instrumentA4, duration: frames / 25 });
    const data = await features(sound, frames);
    rows.push(strikes.map((_, q) => data.subarray(q * gap * bars, (q * gap + 16) * bars)));
  }
  return rows;
}

/** Gain and moment (frames) with which a template fits best what was recorded around a strike. */
function fit(recorded, rows, { frame, bar }, template) {
  let best = { left: Infinity, gain: 0, at: 0 };
  for (let q = 0; q < phases; q++) {
    for (let shift = -1; shift <= 1; shift++) {
      let [mm, ms, ss] = [0, 0, 0];
      for (let row = 0; row < span; row++) {
        const there = frame - 3 + row;
        if (there < 0 || there >= rows) continue;
        for (let note = 0; note < bars; note++) {
          const m = template[bar][q][(1 + shift + row) * bars + note];
          const s = recorded[there * bars + note];
          mm += m * m;
          ms += m * s;
          ss += s * s;
        }
      }
      const left = ss - (ms * ms) / mm;
      if (left < best.left) best = { left, gain: ms / mm, at: frame + 2 - shift + (q + 0.5) / phases };
    }
  }
  return best;
}

const [list, ...files] = process.argv.slice(2);
if (files.length === 0) {
  console.error('usage: node bench/modal-against-2017.mjs STRIKES.json FILE.mat...');
  process.exit(2);
}
const all = JSON.parse(readFileSync(list, 'utf8'));
const template = await templates();
const perBar = Array.from({ length: bars }, () => ({ strikes: 0, error: 0, power: 0 }));
for (const file of files) {
  const name = basename(file).replace('_audio_vectors.mat', '');
  const { data: recorded, frames: rows } = await readFeatures(file);
  const strikes = all.filter(({ seq, frame }) => seq === name && frame < rows - 10);
  const fits = strikes.map((strike) => fit(recorded, rows, strike, template));
  const loudest = Math.max(...fits.map(({ gain }) => gain));
  const played = strikes.map(({ bar }, i) => ({
    time: fits[i].at / 25,
    midi: GT18[bar].midi,
    velocity: Math.max(0, fits[i].gain / loudest),
  }));
  const duration = (rows + 8) / 25;
  const sound = await synthesize(played, { sampleRate, a4: instrumentA4, duration });
  const ours = (await features(sound, rows + 2)).map((x) => x * loudest);
  let [error, power, top, before] = [0, 0, 0, 0];
  for (let row = 0, next = 0; row < rows; row++) {
    // Every row counts for the bar struck last.
    while (next < strikes.length && strikes[next].frame - 1 <= row) next++;
    for (let note = 0; note < bars; note++) {
      const truth = recorded[row * bars + note];
      const e = (ours[row * bars + note] - truth) ** 2;
      error += e;
      power += truth ** 2;
      top = Math.max(top, truth);
      if (next === 0) before += e;
      else {
        perBar[strikes[next - 1].bar].error += e;
        perBar[strikes[next - 1].bar].power += truth ** 2;
      }
    }
  }
  for (const { bar } of strikes) perBar[bar].strikes += 1;
  const rms = (sum) => (Math.sqrt(sum / (rows * bars)) / top).toFixed(4);
  console.log(
    `${name}: ${rows} rows, ${strikes.length} strikes: R2 ${(1 - error / power).toFixed(3)}, ` +
      `RMSE ${rms(error)}, of zeros ${rms(power)}${before > 0.01 * error ? `, ${((100 * before) / error).toFixed(0)} % of the error before the first strike` : ''}`,
  );
}
console.log('\nbar   strikes  share of the power   R2');
perBar.forEach(({ strikes, error, power }, bar) => {
  if (strikes === 0) return;
  const total = perBar.reduce((sum, one) => sum + one.power, 0);
  const share = `${((100 * power) / total).toFixed(1)} %`;
  console.log(
    `${GT18[bar].name.padEnd(5)} ${String(strikes).padStart(7)} ${share.padStart(20)}   ${(1 - error / power).toFixed(3)}`,
  );
});
