// Native references: small C programs, compiled on demand, each kept running as a child that times its own batches.
import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { Runner } from './harness.js';
import { packageRoot } from './machine.js';

const sources = join(packageRoot, 'bench', 'native');
let scratch: string | undefined;
const compiled = new Map<string, string>();

/** Name and version of the C compiler; undefined when there is none. */
export function compilerVersion(): string | undefined {
  const { status, stdout } = spawnSync(process.env.CC ?? 'cc', ['--version'], { encoding: 'utf8' });
  if (status !== 0) return undefined;
  const [line] = stdout.split('\n');
  return `${line.includes('clang') ? 'clang' : 'gcc'} ${/\d+\.\d+\.\d+/.exec(line)?.[0] ?? line}`;
}

/** Version of a library, as pkg-config knows it. */
export function libraryVersion(name: string): string | undefined {
  const { status, stdout } = spawnSync('pkg-config', ['--modversion', name], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

function compile(source: string, libraries: readonly string[]): string {
  const known = compiled.get(source);
  if (known !== undefined) return known;
  const path = join(sources, source);
  if (!existsSync(path)) throw new Error(`no ${source} here; native references come with the repository`);
  if (scratch === undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'deep-marimba-bench-'));
    process.once('exit', () => {
      rmSync(folder, { recursive: true, force: true });
    });
    scratch = folder;
  }
  const program = join(scratch, source.replace(/\.c$/, ''));
  const flags = ['-std=gnu11', '-O3', '-march=native', '-ffast-math'];
  // Compilers shy away from the widest registers of an x86; these loops gain from them.
  if (process.arch === 'x64') flags.push('-mprefer-vector-width=512');
  const links = [...libraries, 'm'].map((library) => `-l${library}`);
  const { error, status, stderr } = spawnSync(process.env.CC ?? 'cc', [...flags, path, '-o', program, ...links], {
    encoding: 'utf8',
  });
  if (error) throw new Error('no C compiler; install one or set CC');
  if (status !== 0) {
    const complaint = stderr.split('\n').find((line) => line.includes('error')) ?? stderr;
    throw new Error(`does not compile: ${complaint.trim()}`);
  }
  compiled.set(source, program);
  return program;
}

/** Joins typed arrays into the bytes that a native reference reads from its standard input. */
export function packInput(...parts: readonly (Int32Array | Float32Array | Float64Array | Uint8Array)[]): Buffer {
  return Buffer.concat(parts.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)));
}

/**
 * Starts a native reference.
 * @param source file in bench/native
 * @param libraries what to link
 * @param contender which of the file's contenders to run
 * @param input what it reads before anything else
 * @throws Error with the reason when it cannot be compiled or started here.
 */
export async function openNative(
  source: string,
  libraries: readonly string[],
  contender: string,
  input: Buffer,
): Promise<Runner> {
  const program = compile(source, libraries);
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(program, [contender], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let pending = Buffer.alloc(0);
  let wake: (() => void) | undefined;
  let ended = false;
  const notice = (): void => {
    wake?.();
  };
  child.stdout.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    notice();
  });
  child.stdin.on('error', notice);
  child.on('close', () => {
    ended = true;
    notice();
  });
  const take = async (bytes: number): Promise<Buffer> => {
    while (pending.length < bytes) {
      if (ended) throw new Error(`${source} ${contender} ended early`);
      await new Promise<void>((resolve) => (wake = resolve));
    }
    const taken = pending.subarray(0, bytes);
    pending = pending.subarray(bytes);
    return taken;
  };
  // Requests are two int32: what, and how often. Replies are float64: seconds; or a count and that many float32.
  const ask = (what: number, calls: number): void => {
    child.stdin.write(packInput(Int32Array.of(what, calls)));
  };
  child.stdin.write(input);
  const runner: Runner = {
    async batch(calls) {
      ask(0, calls);
      return (await take(8)).readDoubleLE(0);
    },
    async answer() {
      ask(1, 0);
      const count = (await take(8)).readDoubleLE(0);
      const bytes = await take(4 * count);
      return Float32Array.from({ length: count }, (_, i) => bytes.readFloatLE(4 * i));
    },
    close() {
      child.stdin.end();
    },
  };
  await runner.batch(1);
  return runner;
}
