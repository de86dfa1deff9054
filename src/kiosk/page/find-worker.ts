// The thread that looks for bars, so that the page goes on meanwhile.
import type { Quad } from '../../types.js';
import { medianOf } from '../../video/median-picture.js';
import type { Found } from '../editor/editor-panel.js';
import { findBars, fitBars } from './find-bars.js';

/** What is asked: pictures of one still scene, and what is known of it. */
export interface FindJob {
  readonly width: number;
  readonly height: number;
  /** Luma, full range, [height x width] each; their median is looked at. */
  readonly lumas: readonly Uint8Array[];
  /** Outer corners of the instrument, and its layout. */
  readonly field?: { readonly corners: Quad; readonly layout: string };
}

/** What is answered. */
export type FindAnswer = { readonly found: Found } | { readonly sentence: string };

// The worker's own global; the library is checked against the page's.
const page = globalThis as unknown as {
  postMessage(answer: FindAnswer): void;
  addEventListener(type: 'message', listener: (event: { data: FindJob }) => void): void;
};

page.addEventListener('message', ({ data: { width, height, lumas, field } }) => {
  try {
    const picture = { width, height, luma: lumas.length === 1 ? lumas[0] : medianOf(lumas) };
    page.postMessage({ found: field ? fitBars(picture, field.corners, field.layout) : findBars(picture) });
  } catch (error) {
    page.postMessage({ sentence: error instanceof Error ? error.message : String(error) });
  }
});
