// Draws docs/what-was-wrong-in-2017.svg and prints the numbers of the text beside it. Needs `npm run build` first.
// Eighteen bars sound in turn, each alone, and each is analysed as the 2017 project did and as we do.
import { writeFileSync } from 'node:fs';
import { analyzeNotes, GT18, loadKernels, midiToHz, ModalBank } from 'deep-marimba';

const sampleRate = 48_000;
const fps = 25;
// The instrument of 2017 is tuned to 442 Hz. Here its bars ring on, so that what is measured is their pitch and not the splash of
// the strike, which reaches every row a little.
const bars = GT18.map(({ midi }) => ({ modes: [{ hz: midiToHz(midi, 442), tau: 1000, gain: 0.5 }] }));

const kernels = await loadKernels();
const bank = new ModalBank(kernels, { sampleRate, bars, samples: sampleRate });

/** [bar][row] level of each row while a bar rings, dB below what a sine as loud as the loudest sample reads at best. */
async function levels(mode) {
  // That is 1 where the scale is 2 / sum(w), and less where it is 2 / 44100.
  const win = (3 * sampleRate) / fps + 1;
  const unit = mode === 'seed' ? (0.54 * win - 0.46) / 44_100 : 1;
  const table = [];
  for (const bar of bars.keys()) {
    bank.reset();
    bank.strike(bar, 1, 0);
    bank.run(sampleRate);
    const sound = { sampleRate, channels: [bank.output.slice(0, sampleRate)] };
    const { data } = await analyzeNotes(sound, { fps, mode });
    const row = 10;
    table.push(
      Array.from(data.subarray(row * GT18.length, (row + 1) * GT18.length), (level) => 20 * Math.log10(level / unit)),
    );
  }
  return table;
}

const panels = [
  { title: 'as in 2017', table: await levels('seed') },
  { title: 'corrected', table: await levels('corrected') },
];

// Dark blue is nothing, yellow is all; five stops of viridis.
const stops = [
  [68, 1, 84],
  [59, 82, 139],
  [33, 145, 140],
  [94, 201, 98],
  [253, 231, 37],
];
const floor = -60;
function colour(level) {
  const x = (Math.min(1, Math.max(0, 1 - level / floor)) * (stops.length - 1)) % stops.length;
  const i = Math.min(stops.length - 2, Math.floor(x));
  const mixed = stops[i].map((c, k) => Math.round(c + (x - i) * (stops[i + 1][k] - c)));
  return `#${mixed.map((c) => c.toString(16).padStart(2, '0')).join('')}`;
}

const cell = 19;
const side = cell * GT18.length;
const left = 62;
const top = 44;
const gap = 74;
const width = left + 2 * side + gap + 96;
const height = top + side + 66;
const unseen = panels[0].table.map((row) => Math.max(...row) < -40);
const parts = [];
const text = (x, y, content, attributes = '') => parts.push(`<text x="${x}" y="${y}" ${attributes}>${content}</text>`);
for (const [p, { title, table }] of panels.entries()) {
  const x0 = left + p * (side + gap);
  text(x0 + side / 2, top - 16, title, 'text-anchor="middle" font-size="15" font-weight="600"');
  for (const [bar, row] of table.entries()) {
    for (const [note, level] of row.entries()) {
      const y = top + side - (note + 1) * cell;
      parts.push(
        `<rect x="${x0 + bar * cell}" y="${y}" width="${cell - 1}" height="${cell - 1}" fill="${colour(level)}"/>`,
      );
    }
    const x = x0 + bar * cell + cell / 2 - 1;
    const missed = p === 0 && unseen[bar];
    const y = top + side + 8;
    text(
      x + 4,
      y,
      GT18[bar].name,
      `text-anchor="end" transform="rotate(-60 ${x + 4} ${y})"${missed ? ' class="missed"' : ''}`,
    );
    text(x0 - 6, top + side - bar * cell - 6, GT18[bar].name, 'text-anchor="end"');
  }
  text(x0 + side / 2, height - 8, 'bar that rings', 'text-anchor="middle"');
}
text(0, 0, 'row that measures', `text-anchor="middle" transform="translate(13 ${top + side / 2}) rotate(-90)"`);
const barX = left + 2 * side + gap + 24;
for (let i = 0; i < 60; i++) {
  const y = top + (side * i) / 60;
  parts.push(`<rect x="${barX}" y="${y}" width="14" height="${side / 60 + 0.5}" fill="${colour(-i)}"/>`);
}
for (const level of [0, -20, -40, -60]) text(barX + 20, top - (side * level) / 60 + 4, `${level} dB`);

writeFileSync(
  new URL('../docs/what-was-wrong-in-2017.svg', import.meta.url),
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>Which row of the analysis hears which bar: eighteen bars at 48 kHz, analysed as in 2017 and corrected</title>
<style>text { font: 11px system-ui, sans-serif; fill: #222 } .missed { fill: #c22; font-weight: 700 }</style>
<rect width="${width}" height="${height}" fill="#fff"/>
${parts.join('\n')}
</svg>
`,
);

console.log('bar    own row, corrected    own row, 2017    loudest row, 2017');
for (const [bar, { name }] of GT18.entries()) {
  const [seed, corrected] = panels.map(({ table }) => table[bar]);
  const loudest = seed.indexOf(Math.max(...seed));
  console.log(
    `${name.padEnd(5)} ${corrected[bar].toFixed(1).padStart(12)} dB ${seed[bar].toFixed(1).padStart(18)} dB ${seed[loudest].toFixed(1).padStart(14)} dB in ${GT18[loudest].name}${unseen[bar] ? '   unseen' : ''}`,
  );
}
console.log(`${unseen.filter(Boolean).length} of ${GT18.length} bars are 40 dB or more down in every row.`);
