// What tests need beyond npm, on a Debian machine where we are root.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

let updated = false;

/** Whether packages can be installed here. */
export const canInstall = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');

/** Installs a package; throws when apt-get fails. */
export function install(name) {
  console.error(`${name} is absent: installing it with apt-get.`);
  const apt = (...args) =>
    execFileSync('apt-get', ['-o', 'DPkg::Lock::Timeout=500', ...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  if (!updated) apt('update');
  updated = true;
  apt('install', '-y', '--no-install-recommends', name);
}
