// Lets single bars be heard while they are named.
import { noteSet } from '../../notes.js';
import { createMarimbaNode, type MarimbaNode } from '../../sound/marimba-node.js';

// The notes of a piano: what lies beyond has no sound here.
const [lowest, highest] = [21, 108];

/** Plays a note now; the audio thread starts with the first one, which a click must have caused. */
export function barSound(): (midi: number) => void {
  let opening: Promise<MarimbaNode> | undefined;
  return (midi) => {
    if (midi < lowest || midi > highest) return;
    opening ??= open();
    opening
      .then((node) => {
        node.strike({ time: node.output.context.currentTime, midi, velocity: 0.7 });
      })
      .catch((error: unknown) => {
        opening = undefined;
        reportError(error);
      });
  };
}

async function open(): Promise<MarimbaNode> {
  const context = new AudioContext();
  await context.resume();
  const notes = noteSet(Array.from({ length: highest - lowest + 1 }, (_, i) => lowest + i));
  const node = await createMarimbaNode(context, { notes, workletUrl: new URL('worklet.js', document.baseURI) });
  node.output.connect(context.destination);
  return node;
}
