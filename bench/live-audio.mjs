// The marimba node in a real Chromium for a minute, its page blocked 200 ms at a time: does the sound break off?
//
//   npm run build && node bench/live-audio.mjs [SECONDS]        (CHROMIUM_PATH, or Debian's chromium)
//
// Prints one line; exits with 1 when the sound broke off. Counts blocks that came 0.1 s late as well as gaps of the
// context's clock, and what the browser itself counts where it does (AudioContext.playbackStats).
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { build } from 'esbuild';
import { chromium } from 'playwright';
import { chromium as findChromium } from '../scripts/chromium.mjs';

const seconds = Number(process.argv[2] ?? 60);
if (!(seconds > 0 && seconds <= 3600)) {
  console.error('usage: node bench/live-audio.mjs [SECONDS], up to 3600');
  process.exit(2);
}

const source = `
import { createMarimbaNode, GT18 } from './dist/browser.js';
globalThis.soak = async (seconds) => {
  const context = new AudioContext();
  const problems = [];
  const node = await createMarimbaNode(context, { onProblem: (message) => problems.push(message) });
  node.output.connect(context.destination);
  await context.resume();
  // Once around the start-up, which is not what this is about.
  await new Promise((resolve) => setTimeout(resolve, 500));
  const before = await node.status();
  const stats = () => context.playbackStats ?? context.playoutStats;
  const counted = () => stats()?.underrunEvents ?? stats()?.fallbackFramesEvents;
  const counts = counted();
  const started = performance.now();
  let blocks = 0;
  while (performance.now() - started < 1000 * seconds) {
    const strikes = Array.from({ length: 8 }, (_, i) => ({
      time: 0.03 * i, midi: GT18[(8 * blocks + 5 * i) % 18].midi, velocity: 0.1 + 0.1 * i,
    }));
    node.play(strikes, context.currentTime + 0.05);
    const until = performance.now() + 200;
    while (performance.now() < until);
    blocks += 1;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const after = await node.status();
  return {
    blocks, problems, sampleRate: context.sampleRate, latency: context.outputLatency,
    rendered: after.rendered - before.rendered, underruns: after.underruns - before.underruns,
    browser: counts === undefined ? undefined : counted() - counts,
    seconds: (performance.now() - started) / 1000,
  };
};
`;
const { outputFiles } = await build({
  stdin: { contents: source, resolveDir: new URL('..', import.meta.url).pathname, loader: 'js' },
  bundle: true,
  format: 'esm',
  write: false,
  logLevel: 'error',
});
const page = '<!doctype html><meta charset="utf-8"><script type="module" src="/soak.js"></script>';
const server = createServer((request, response) => {
  const script = request.url === '/soak.js';
  response.setHeader('content-type', script ? 'text/javascript' : 'text/html');
  response.end(script ? outputFiles[0].text : page);
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

const browser = await chromium.launch({
  executablePath: findChromium(),
  args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required', '--disable-background-networking'],
});
let broke;
try {
  const tab = await browser.newPage();
  await tab.goto(`http://127.0.0.1:${server.address().port}/`);
  await tab.waitForFunction(() => 'soak' in globalThis);
  const result = await tab.evaluate((length) => globalThis.soak(length), seconds);
  broke = result.underruns > 0 || result.problems.length > 0;
  const { name, version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  console.log(
    `${name} ${version}, Chromium ${browser.version()}: ${result.seconds.toFixed(1)} s, page blocked ${result.blocks} x 200 ms, ` +
      `${(result.rendered / result.sampleRate).toFixed(1)} s of sound at ${result.sampleRate} Hz, ` +
      `${result.underruns} underruns` +
      (result.browser === undefined ? '' : ` (the browser counts ${result.browser})`) +
      (result.problems.length > 0 ? `; ${result.problems.join(' ')}` : ''),
  );
} finally {
  await browser.close();
  server.close();
}
process.exit(broke ? 1 : 0);
