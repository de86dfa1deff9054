// Asks a thread of its own where the bars are; it takes seconds on a small computer, and the page must go on.
import type { Quad } from '../../types.js';
import type { Found } from '../editor/editor-panel.js';
import type { FindAnswer, FindJob } from './find-worker.js';
import type { Stills } from './stills.js';

/**
 * Bars in pictures of a scene: found by themselves, or a layout fitted between four corners.
 * @throws {Error} with one sentence when there are none to be found.
 */
export function lookForBars(stills: Stills, field?: { corners: Quad; layout: string }): Promise<Found> {
  return new Promise((resolve, reject) => {
    // A thread for each question: what it took in memory goes with it.
    const worker = new Worker(new URL('find-worker.js', document.baseURI), { type: 'module' });
    const settle = (act: () => void): void => {
      worker.terminate();
      act();
    };
    worker.onmessage = ({ data }: MessageEvent<FindAnswer>) => {
      settle(() => {
        if ('found' in data) resolve(data.found);
        else reject(new Error(data.sentence));
      });
    };
    worker.onerror = (event) => {
      event.preventDefault();
      settle(() => {
        reject(new Error('Bars cannot be looked for here; draw them, or load this page anew.'));
      });
    };
    const job: FindJob = { ...stills, ...(field ? { field } : {}) };
    worker.postMessage(
      job,
      stills.lumas.map(({ buffer }) => buffer),
    );
  });
}
