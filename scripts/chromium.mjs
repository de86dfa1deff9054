// Finds a Chromium for the browser tests, or installs Debian's when this is a Debian machine and we are root.
import { existsSync } from 'node:fs';
import { canInstall, install } from './debian.mjs';

const candidates = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
];

/**
 * Path of a Chromium executable.
 * @throws Error that says what to install when there is none and none can be installed.
 */
export function chromium() {
  const named = process.env.CHROMIUM_PATH;
  if (named) {
    if (existsSync(named)) return named;
    throw new Error(`CHROMIUM_PATH is ${named}, but there is no such file.`);
  }
  const found = candidates.find((path) => existsSync(path));
  if (found) return found;
  if (canInstall) {
    install('chromium');
    if (existsSync(candidates[0])) return candidates[0];
  }
  throw new Error('No Chromium found. Install it (Debian: apt-get install chromium) or set CHROMIUM_PATH to one.');
}
