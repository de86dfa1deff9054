// What `deep-marimba calibrate` tells its page, as task.json.
import type { Calibration } from '../../types.js';

/** What the command tells its page. */
export interface CalibrateTask {
  /** Name of the clip. */
  readonly clip: string;
  /** Where the bars will be saved. */
  readonly output: string;
  readonly width: number;
  readonly height: number;
  /** Bars that are known already or were found. */
  readonly bars: Calibration['bars'];
  /** Where they come from, in one sentence. */
  readonly message: string;
}
