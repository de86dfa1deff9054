// The files of the pages that commands serve: what the build left, the models that ship, and the runtimes that are installed.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mimeType, type ServedFile } from './local-server.js';

const folder = fileURLToPath(new URL('pages/', import.meta.url));
const require = createRequire(import.meta.url);

// Files of installed packages that pages load by name, and the versions they were built with (the build writes runtimes.json).
const runtimeFiles: Readonly<Record<string, readonly string[]>> = {
  'onnxruntime-web': ['ort-wasm-simd-threaded.wasm', 'ort-wasm-simd-threaded.asyncify.wasm'],
  '@tensorflow/tfjs-backend-wasm': [
    'tfjs-backend-wasm.wasm',
    'tfjs-backend-wasm-simd.wasm',
    'tfjs-backend-wasm-threaded-simd.wasm',
  ],
};

/** A page with all that belongs to it. */
export interface PageFiles {
  /** Where each file is, by the path it is served under. */
  readonly places: ReadonlyMap<string, string>;
  /** What it lacks, one sentence each. */
  readonly problems: readonly string[];
}

async function filesIn(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(root, '/').length).replaceAll('\\', '/'));
}

/** Adds the runtimes that are installed in the versions the page was built with. */
async function addRuntimes(places: Map<string, string>, problems: string[]): Promise<void> {
  const built = JSON.parse(await readFile(join(folder, 'runtimes.json'), 'utf8')) as Record<string, string>;
  let some = false;
  for (const [name, files] of Object.entries(runtimeFiles)) {
    let home: string;
    try {
      home = dirname(require.resolve(`${name}/package.json`));
    } catch {
      try {
        // A package that hides its package.json.
        home = join(dirname(require.resolve(name)), '..');
      } catch {
        continue;
      }
    }
    const { version } = JSON.parse(await readFile(join(home, 'package.json'), 'utf8')) as { version: string };
    if (version !== built[name]) {
      problems.push(
        `${name} ${version} is installed, the page needs ${built[name]}: npm install ${name}@${built[name]}`,
      );
      continue;
    }
    some = true;
    for (const file of files) places.set(file, join(home, 'dist', file));
  }
  if (!some)
    problems.push(`No runtime for models is installed: npm install onnxruntime-web@${built['onnxruntime-web']}`);
}

/** All files of the kiosk page. @throws {Error} when the package has not been built. */
export async function kioskFiles(): Promise<PageFiles> {
  const places = new Map<string, string>();
  const problems: string[] = [];
  for (const path of await filesIn(folder)) {
    if (!path.startsWith('calibrate') && path !== 'runtimes.json') places.set(path, join(folder, path));
  }
  const models = join(dirname(require.resolve('deep-marimba/package.json')), 'models');
  for (const path of await filesIn(models)) {
    // Weights to train on, pictures and scores are nothing a page loads.
    if (/(^|\/)(card\.json|tfjs\/.*|.*\.(onnx|exemplars))$/.test(path))
      places.set(`models/${path}`, join(models, path));
  }
  await addRuntimes(places, problems);
  return { places, problems };
}

// Of the runtimes, the one that runs everywhere is kept for times without a network; whoever loads another keeps that one.
const keptRuntimes = ['ort-wasm-simd-threaded.wasm', 'tfjs-backend-wasm-simd.wasm'];

/** The version of a page, and the files that are made of it. */
export interface PageVersion {
  /** What all its files contain, models too: one byte more, and it is another. */
  readonly version: string;
  /** `index.html`, which knows its version, and `service-worker.js`, which knows every file of it by its hash. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Names what a page is made of. */
export async function versionOf({ places }: Pick<PageFiles, 'places'>): Promise<PageVersion> {
  const runtime = keptRuntimes.find((path) => places.has(path));
  const hashes: Record<string, string> = {};
  for (const path of [...places.keys()].sort()) {
    if ((path.endsWith('.wasm') && path !== runtime) || path === 'service-worker.js' || path === 'licenses.txt')
      continue;
    hashes[path] = sha256(await readFile(places.get(path)!));
  }
  const worker = await readFile(places.get('service-worker.js')!, 'utf8');
  const version = sha256(Buffer.from(JSON.stringify([hashes, worker]))).slice(0, 16);
  const page = (await readFile(places.get('index.html')!, 'utf8')).replace(
    /(<meta name="version" content=")[^"]*/,
    `$1${version}`,
  );
  // The page's address is its folder.
  delete hashes['index.html'];
  const list = JSON.stringify({ version, files: { './': sha256(Buffer.from(page)), ...hashes } });
  return {
    version,
    files: new Map([
      ['index.html', Buffer.from(page)],
      ['service-worker.js', Buffer.from(`const PRECACHE=${list};\n${worker}`)],
    ]),
  };
}

/** Finds the files of the page of `deep-marimba calibrate`, which needs no model. */
export async function calibrateFile(path: string): Promise<ServedFile | undefined> {
  if (!(await filesIn(folder)).includes(path)) return undefined;
  return { bytes: await readFile(join(folder, path)), type: mimeType(path) };
}
