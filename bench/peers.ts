// Finds the packages we race against, which live in a package of their own and may well be absent.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from './machine.js';

let folder = join(packageRoot, 'bench', 'peers');

/** Looks for the peers in another folder than bench/peers. */
export function usePeersFrom(path: string): void {
  folder = resolve(path);
}

/** Version of an installed peer; undefined when it is not there. */
export function peerVersion(name: string): string | undefined {
  const manifest = join(folder, 'node_modules', name, 'package.json');
  if (!existsSync(manifest)) return undefined;
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

/**
 * Imports a peer, or a file of it.
 * @throws Error that says how to install it when it is not there.
 */
export async function loadPeer<T>(name: string, entry = name): Promise<T> {
  if (peerVersion(name) === undefined) throw new Error('not installed; see --peers');
  const { resolve: locate } = createRequire(join(folder, 'package.json'));
  return (await import(pathToFileURL(locate(entry)).href)) as T;
}
