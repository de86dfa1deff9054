// Looks for bars in a grey picture: by itself, or between four corners.
import type { Quad } from '../../types.js';
import { detectBars } from '../../video/detect.js';
import { parseLayout } from '../../video/layout.js';
import type { LumaPicture } from '../../video/median-picture.js';
import { snapBars } from '../../video/snap.js';
import type { Found } from '../editor/editor-panel.js';

// Below it, somebody should look.
const doubtful = 0.9;

/** Bars of a layout between four corners, and how sure that is. @throws {RangeError} when the corners cannot be. */
export function fitBars(picture: LumaPicture, corners: Quad, layout: string): Found {
  const { calibration, confidence } = snapBars(picture, corners, parseLayout(layout));
  const { bars } = calibration;
  const share = Math.round(100 * confidence);
  return {
    bars,
    confidence,
    message:
      confidence >= doubtful
        ? `${bars.length} bars found between the corners.`
        : `${bars.length} bars placed, about ${share} % of them rightly; look at each, or try other corners or another layout.`,
  };
}

/** Bars found without help, to be looked at. @throws {Error} with a sentence when there are none to be found. */
export function findBars(picture: LumaPicture): Found {
  const { calibration, confidence, found } = detectBars(picture);
  if (calibration === undefined) {
    throw new Error(`Found: ${found}. Point out the four corners of the instrument, or draw the bars.`);
  }
  return {
    bars: calibration.bars,
    confidence,
    message:
      confidence >= doubtful
        ? `${found}.`
        : `${found}, ${Math.round(100 * confidence)} % sure; look at each bar, or point out the four corners.`,
  };
}
