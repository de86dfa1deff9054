// The package as its users get it: packed, installed into an empty folder, imported, run, type-checked and bundled.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { build as esbuild } from 'esbuild';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { build as vite } from 'vite';
import webpack from 'webpack';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
// Outside the repository, so that nothing resolves by accident from its node_modules.
const home = mkdtempSync(join(tmpdir(), 'deep-marimba-package-'));
const app = join(home, 'app');
const installed = join(app, 'node_modules/deep-marimba');
let tarball = '';

function run(command: string, args: readonly string[], cwd = app): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function node(script: string): string {
  writeFileSync(join(app, 'script.mjs'), script);
  return run(process.execPath, ['script.mjs']);
}

function sizeOf(path: string): number {
  if (!statSync(path).isDirectory()) return statSync(path).size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`;

beforeAll(() => {
  if (!existsSync(join(root, 'dist/types/node.d.ts'))) run(process.execPath, ['scripts/build.mjs'], root);
  // Without scripts: `prepack` would rebuild dist/ under the feet of tests that read it.
  run(npm, ['pack', '--ignore-scripts', '--pack-destination', home], root);
  tarball = join(
    home,
    readdirSync(home).find((name) => name.endsWith('.tgz'))!,
  );
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), '{ "private": true, "type": "module" }\n');
  // Without node-av, which is 175 MB and optional: what remains must be whole.
  const flags = ['--prefer-offline', '--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund'];
  run(npm, ['install', ...flags, tarball]);
}, 120_000);

afterAll(() => {
  rmSync(home, { recursive: true, force: true });
});

describe('the tarball', () => {
  it('holds what users need and nothing that only we need', () => {
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter((name) =>
      statSync(join(installed, name)).isFile(),
    );
    for (const name of ['LICENSE', 'NOTICE', 'README.md', 'CHANGELOG.md', 'package.json', 'dist/kernels.wasm']) {
      expect(files).toContain(name);
    }
    expect(files.filter((name) => /^(src|test|bench|assembly|scripts|build)\//.test(name))).toEqual([]);
    expect(files.filter((name) => /\.(test\.|map$|mat$|mp4$)/.test(name))).toEqual([]);
  });

  it('stays small', () => {
    console.log(
      `deep-marimba: ${megabytes(statSync(tarball).size)} packed, ${megabytes(sizeOf(installed))} unpacked; ` +
        `${megabytes(sizeOf(join(app, 'node_modules')))} installed without optional dependencies`,
    );
    expect(statSync(tarball).size).toBeLessThan(20e6);
  });

  it('satisfies publint', async () => {
    const { messages, pkg } = await publint({ pkgDir: installed, strict: true, pack: false });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it('has types that agree with its code', async () => {
    const archive = createPackageFromTarballData(new Uint8Array(readFileSync(tarball)));
    const result = await checkPackage(archive, {
      entrypoints: ['.', './worklet', './model-worker', './live-worker', './left-out', './package.json'],
    });
    if (result.types === false) throw new Error('The package has no types.');
    // ESM only, by choice: `require` and TypeScript's node10 resolution are not served.
    const served = result.problems.filter(
      (problem) =>
        !('resolutionKind' in problem) ||
        problem.resolutionKind === 'node16-esm' ||
        problem.resolutionKind === 'bundler',
    );
    expect(served).toEqual([]);
  });

  it('exports what it promises', () => {
    const { exports } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as { exports: unknown };
    expect(exports).toEqual({
      '.': {
        node: { types: './dist/types/node.d.ts', default: './dist/node.js' },
        default: { types: './dist/types/browser.d.ts', default: './dist/browser.js' },
      },
      './worklet': { types: './dist/types/worklet-entry.d.ts', default: './dist/worklet.js' },
      './model-worker': {
        types: './dist/types/model/web-session-worker.d.ts',
        default: './dist/model/web-session-worker.js',
      },
      './live-worker': {
        types: './dist/types/kiosk/live-worker.d.ts',
        default: './dist/kiosk/live-worker.js',
      },
      './left-out': {
        types: './dist/types/model/left-out.d.ts',
        default: './dist/model/left-out.js',
      },
      './kernels.wasm': './dist/kernels.wasm',
      './models/*': './models/*',
      './package.json': './package.json',
    });
  });
});

describe('in Node', () => {
  it('imports every entry', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    const printed = node(`
      import { existsSync } from 'node:fs';
      import { fileURLToPath } from 'node:url';
      import * as marimba from 'deep-marimba';
      import { processorName } from 'deep-marimba/worklet';
      import json from 'deep-marimba/package.json' with { type: 'json' };
      const at = (entry) => fileURLToPath(import.meta.resolve('deep-marimba/' + entry));
      await marimba.loadKernels();
      console.log(marimba.GT18.length, processorName, json.version, existsSync(at('kernels.wasm')), at('models/x'));
    `);
    expect(printed.trim()).toBe(`18 deep-marimba ${version} true ${join(installed, 'models/x')}`);
  });

  it('keeps every name it has given out', () => {
    // A name may be added, not lost: what is here is public. Types are not seen at run time.
    const everywhere = `BinPlan DeviceLostError FrameStack GT18 ModalBank ModelError OscillatorBank RealFft Rectifier SoundError SpectrumPlan
      UnsupportedError VideoError analyzeNotes bandBins barEnvelope barStrips calibrationRows decodeMidi detectStrikes
      encodeMidi encodeWav formatCalibration formatPng formatSvg frameRate grayWeights hzToMidi instrumentA4 isMarimbaError
      keyboardView limiterKnee loadKernels marimbaBar midiToHz midiToName nameToMidi noteSet openSound parseCalibration
      parseLayout pickStrikes placeLayout plotAmplitudes readSound soundEnvelope synthesize loadModel`;
    const inNode =
      'shippedModels readFeatures readMarimbaData readStrikes writeEvents writeFeatures writeMidi writeWav';
    const inBrowsers = 'MarimbaNode createMarimbaNode listen';
    const namesOf = (file: string): string[] =>
      node(`console.log(Object.keys(await import('./node_modules/deep-marimba/dist/${file}')).join(' '));`)
        .trim()
        .split(' ');
    for (const [file, own] of [
      ['node.js', inNode],
      ['browser.js', inBrowsers],
    ]) {
      const names = namesOf(file);
      const promised = `${everywhere} ${own}`.split(/\s+/);
      expect(promised.filter((name) => !names.includes(name))).toEqual([]);
      expect(names).not.toContain('default');
    }
  });

  it('runs its command', () => {
    const bin = join(app, 'node_modules/.bin/deep-marimba');
    expect(run(bin, ['--help'])).toMatch(/^Usage: deep-marimba/);
    expect(run(bin, ['--version']).trim()).toMatch(/^\d+\.\d+\.\d+/);
  });

  it('type-checks in an application, strictly and with its declarations checked', () => {
    writeFileSync(
      join(app, 'main.ts'),
      `import { GT18, loadKernels, type Kernels, type Strike } from 'deep-marimba';
       export const kernels: Promise<Kernels> = loadKernels();
       export const strike: Strike = { time: 0, midi: GT18[0]!.midi, velocity: 1 };
       // @ts-expect-error time is a number
       export const wrong: Strike = { time: '0', midi: 66, velocity: 1 };\n`,
    );
    // Once with every declaration of ours checked, those for browsers too; once more only as bundlers resolve it.
    writeFileSync(join(app, 'browsers.ts'), `export * from './node_modules/deep-marimba/dist/types/browser.js';\n`);
    const tsc = (...options: string[]): string =>
      run(process.execPath, [
        ...[join(root, 'node_modules/typescript/bin/tsc'), '--noEmit', '--strict', '--target', 'es2022'],
        ...['--lib', 'es2023,dom,dom.iterable', '--types', 'node', '--typeRoots', join(root, 'node_modules/@types')],
        ...options,
      ]);
    expect(tsc('--module', 'nodenext', 'main.ts', 'browsers.ts')).toBe('');
    expect(tsc('--module', 'esnext', '--moduleResolution', 'bundler', '--skipLibCheck', 'main.ts')).toBe('');
  }, 180_000);
});

describe('in a bundle for browsers', () => {
  // Runs wherever WebAssembly is, so that a bundle can be proven here.
  const source = `import { GT18, loadKernels } from 'deep-marimba';
    const { module } = await loadKernels();
    console.log(GT18.length, WebAssembly.Module.exports(module).some(({ name }) => name === 'memory'));\n`;
  const entry = join(app, 'app.mjs');
  beforeAll(() => {
    writeFileSync(entry, source);
  });

  function proves(folder: string): void {
    const script = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((name) => /\.m?js$/.test(name))!;
    expect(
      run(process.execPath, [
        '--input-type=module',
        '-e',
        `await import('${pathToFileURL(join(folder, script)).href}')`,
      ]).trim(),
    ).toBe('18 true');
  }

  it('works through esbuild', async () => {
    const outdir = join(home, 'esbuild');
    mkdirSync(outdir);
    writeFileSync(join(outdir, 'package.json'), '{ "type": "module" }');
    await esbuild({
      entryPoints: [entry],
      bundle: true,
      format: 'esm',
      platform: 'browser',
      outdir,
      logLevel: 'silent',
    });
    proves(outdir);
  });

  it('works through vite', async () => {
    const outDir = join(home, 'vite');
    await vite({
      root: app,
      configFile: false,
      logLevel: 'silent',
      build: { outDir, emptyOutDir: true, target: 'es2022', rolldownOptions: { input: entry } },
    });
    writeFileSync(join(outDir, 'package.json'), '{ "type": "module" }');
    proves(outDir);
  });

  it('copies no runtime into an app that leaves it out', async () => {
    // Where onnxruntime-web is installed: 27 MB for WebGPU and 14 MB for wasm.
    const modules = join(app, 'node_modules');
    for (const name of [
      'onnxruntime-web',
      'onnxruntime-common',
      'flatbuffers',
      'guid-typescript',
      'long',
      'platform',
      'protobufjs',
    ]) {
      const link = join(modules, name);
      if (!existsSync(link) && existsSync(join(root, 'node_modules', name)))
        symlinkSync(join(root, 'node_modules', name), link, 'dir');
    }
    const page = join(app, 'loads.mjs');
    writeFileSync(page, `import { loadModel } from 'deep-marimba'; console.log(loadModel);`);
    const built = async (alias: Record<string, string>): Promise<string[]> => {
      const outDir = join(home, 'left-out');
      await vite({
        root: app,
        configFile: false,
        logLevel: 'silent',
        resolve: { alias },
        worker: { format: 'es' },
        build: { outDir, emptyOutDir: true, minify: false, target: 'es2022', rolldownOptions: { input: page } },
      });
      const files = readdirSync(outDir, { recursive: true, encoding: 'utf8' });
      expect(files.some((name) => /model-.*\.onnx$/.test(name))).toBe(true);
      return files.filter((name) => /ort-.*\.wasm$/.test(name));
    };
    const empty = 'deep-marimba/left-out';
    expect(await built({ 'onnxruntime-web/webgpu': empty })).toEqual([
      expect.stringMatching(/ort-wasm-simd-threaded-[\w-]+\.wasm$/) as string,
    ]);
    expect(await built({ 'onnxruntime-web/webgpu': empty, 'onnxruntime-web/wasm': empty })).toEqual([]);
    // All that is left: models, kernels, decoders.
    expect(sizeOf(join(home, 'left-out'))).toBeLessThan(12e6);
    for (const name of ['onnxruntime-web', 'onnxruntime-common']) rmSync(join(modules, name), { force: true });
  }, 180_000);

  it('works through webpack', async () => {
    const outdir = join(home, 'webpack');
    await new Promise<void>((done, fail) => {
      webpack(
        {
          mode: 'production',
          context: app,
          entry,
          target: ['web', 'es2022'],
          experiments: { outputModule: true },
          output: { path: outdir, filename: 'main.mjs', module: true },
          performance: false,
        },
        (error, stats) => {
          if (error) fail(error);
          else if (stats?.hasErrors() || stats?.hasWarnings()) fail(new Error(stats.toString('errors-warnings')));
          else done();
        },
      );
    });
    proves(outdir);
  });

  it('carries nothing of simulation, training or the command in a page that listens', async () => {
    const contents = `import { listen, loadModel, parseCalibration, predict, readVideo } from 'deep-marimba';
      console.log(listen, loadModel, parseCalibration, predict, readVideo);
      import 'deep-marimba/live-worker'; import 'deep-marimba/model-worker';`;
    const { metafile } = await esbuild({
      stdin: { contents, resolveDir: app },
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'browser',
      outdir: join(home, 'listens'),
      write: false,
      metafile: true,
      external: ['onnxruntime-web', 'onnxruntime-web/*', '@tensorflow/*'],
      logLevel: 'silent',
    });
    const parts = Object.keys(metafile.inputs).filter((name) => name.includes('deep-marimba/dist/'));
    expect(parts.filter((name) => /dist\/(scene|training|cli|dataset|bench)/.test(name))).toEqual([]);
    expect(parts.some((name) => name.endsWith('dist/kiosk/live.js'))).toBe(true);
    expect(Object.keys(metafile.inputs).filter((name) => name.includes('node_modules/h5wasm'))).toEqual([]);
  });

  it('carries only what it uses', async () => {
    const { outputFiles } = await esbuild({
      stdin: {
        contents: `import { midiToHz } from 'deep-marimba'; console.log(midiToHz(69));`,
        resolveDir: app,
      },
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'browser',
      write: false,
      logLevel: 'silent',
    });
    // 658 bytes measured: no kernels, no decoders.
    expect(outputFiles[0].text.length).toBeLessThan(1200);
  });
});
