// A page that webpack builds.
import { listen, midiToName } from 'deep-marimba';
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
    workletUrl: new URL('deep-marimba/worklet', import.meta.url),
  });
  ear.output.connect(context.destination);
  ear.addEventListener('strike', ({ detail }) => {
    document.querySelector('output').textContent += ` ${midiToName(detail.midi)}`;
  });
});
