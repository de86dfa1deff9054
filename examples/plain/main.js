// A page without a bundler.
import { listen, midiToName } from './vendor/deep-marimba.js';
import calibration from './bars.json' with { type: 'json' };

const video = document.querySelector('video');
document.querySelector('button').addEventListener('click', async () => {
  const stream = await navigator.mediaDevices.getUserMedia({ video: true });
  video.srcObject = stream;
  await video.play();
  const context = new AudioContext();
  const ear = await listen(stream, {
    calibration,
    context,
    // Models and the runtime's .wasm files lie in vendor/ as well; see copy.mjs.
    assets: 'vendor/',
    workletUrl: 'vendor/worklet.js',
  });
  ear.output.connect(context.destination);
  ear.addEventListener('strike', ({ detail }) => {
    document.querySelector('output').textContent += ` ${midiToName(detail.midi)}`;
  });
});
