// Luma through an ffmpeg of the machine's own: planes on its standard output, their time stamps on a pipe beside it.
import { execFile, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { lumaDepth, placeLuma, toLuma } from './luma.js';
import type { DecodeJob, LumaSource } from './luma-source.js';

/** Every frame once, with its own time: asked by another name before FFmpeg 5.1. */
async function everyFrame(ffmpeg: string): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)(ffmpeg, ['-version']);
  // Builds between releases are named otherwise, and are new.
  const version = /^ffmpeg version n?(\d+)\.(\d+)/.exec(stdout);
  const old = version !== null && Number(version[1]) + Number(version[2]) / 100 < 5.01;
  return [old ? '-vsync' : '-fps_mode', 'passthrough'];
}

/** Opens a file. @throws when the command cannot be started. */
export async function openWithFfmpeg(job: DecodeJob): Promise<LumaSource> {
  if (job.decoder.kind !== 'ffmpeg') throw new TypeError('expected ffmpeg');
  const { file, stream, width, height, pixelFormat, orientation } = job;
  const { ffmpeg } = job.decoder;
  const depth = lumaDepth(pixelFormat) ?? 8;
  const filters = [
    ...(lumaDepth(pixelFormat) === undefined ? [toLuma] : []),
    'extractplanes=y',
    `format=${depth === 8 ? 'gray' : `gray${depth}le`}`,
    'settb=1/1000000',
    // Frames without any metadata are not printed.
    'metadata=mode=add:key=t:value=0',
    'metadata=mode=print:direct=1:file=pipe\\\\:3',
  ];
  const child = spawn(
    ffmpeg,
    [
      ...['-v', 'error', '-nostdin', '-protocol_whitelist', 'file,pipe', '-copyts', '-noautorotate'],
      ...['-i', `file:${file}`, '-map', `0:${stream}`, '-an', '-sn', '-dn', ...(await everyFrame(ffmpeg))],
      ...['-vf', filters.join(','), '-c:v', 'rawvideo', '-f', 'rawvideo', 'pipe:1'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] },
  );
  let complaint = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    if (complaint.length < 4096) complaint += text;
  });
  const ended = new Promise<number | Error>((done) => {
    child.once('error', done);
    child.once('close', (code) => {
      done(code ?? -1);
    });
  });

  const times: number[] = [];
  let unfinished = '';
  let timesEnded = false;
  let woken = (): void => undefined;
  const clock = child.stdio[3] as Readable;
  clock.setEncoding('utf8').on('data', (text: string) => {
    const lines = (unfinished + text).split('\n');
    unfinished = lines.pop()!;
    for (const line of lines) {
      const stamp = /^frame:\s*\d+\s+pts:\s*(\S+)/.exec(line);
      // "NOPTS" becomes NaN.
      if (stamp) times.push(Number(stamp[1]) / 1e6);
    }
    woken();
  });
  clock.once('close', () => {
    timesEnded = true;
    woken();
  });

  const stride = depth === 8 ? width : 2 * width;
  const plane = Buffer.alloc(stride * height);
  const chunks = (child.stdout! as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  let chunk = Buffer.alloc(0);

  const fill = async (): Promise<boolean> => {
    for (let filled = 0; filled < plane.length;) {
      if (chunk.length === 0) {
        const next = await chunks.next();
        if (next.done === true) return false;
        chunk = next.value as Buffer<ArrayBuffer>;
      }
      const taken = chunk.copy(plane, filled);
      filled += taken;
      chunk = chunk.subarray(taken);
    }
    return true;
  };

  return {
    get complaint() {
      return complaint.trim();
    },
    async next(target) {
      if (!(await fill())) {
        const end = await ended;
        if (end instanceof Error) throw end;
        return undefined;
      }
      while (times.length === 0 && !timesEnded) {
        await new Promise<void>((wake) => {
          woken = wake;
        });
      }
      placeLuma({ bytes: plane, stride, depth }, width, height, orientation, target);
      return times.shift() ?? NaN;
    },
    async close() {
      child.kill('SIGKILL');
      child.stdout!.destroy();
      clock.destroy();
      await ended;
    },
  };
}
