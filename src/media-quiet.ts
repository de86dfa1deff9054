// mediabunny warns on the console of every codec it does not know; a library has no business there.
import { Logging, LogLevel } from 'mediabunny';

let running = 0;
let levelBefore: LogLevel;

/** Lets mediabunny work without its console messages; what it throws is thrown. */
export async function quietly<T>(work: () => Promise<T>): Promise<T> {
  if (running++ === 0) {
    levelBefore = Logging.level;
    Logging.level = LogLevel.Silent;
  }
  try {
    return await work();
  } finally {
    if (--running === 0) Logging.level = levelBefore;
  }
}
