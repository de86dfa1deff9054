// What a run leaves behind: a report as JSON, and the same as Markdown tables.
import type { ContenderResult, KernelResult } from './harness.js';
import type { Machine } from './machine.js';
import type { Summary } from './statistics.js';

/** The compiled kernels as a file: how large, how soon ready. */
export interface ModuleFacts {
  /** Bytes of kernels.wasm. */
  readonly bytes: number;
  /** Seconds to compile it. */
  readonly compile: Summary;
  /** Seconds to make an instance of it. */
  readonly instantiate: Summary;
}

/** A run of `bench kernels`. */
export interface KernelReport {
  readonly format: 'deep-marimba/bench-kernels@1';
  /** ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  readonly module: ModuleFacts;
  readonly kernels: readonly KernelResult[];
}

/** A time with a unit that suits it. */
export function formatSeconds(seconds: number): string {
  const [value, unit] = seconds < 1e-3 ? [seconds * 1e6, 'µs'] : seconds < 1 ? [seconds * 1e3, 'ms'] : [seconds, 's'];
  return `${significant(value)} ${unit}`;
}

/** Three significant digits, never in exponents. */
export function significant(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : value.toFixed(Math.min(digits, 6));
}

/** A Markdown table, its columns padded so that it also reads well on a terminal. */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) => Math.max(3, title.length, ...rows.map((row) => row[column].length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** Whether a ratio reaches what was asked; a hair's breadth is granted, since both are medians of few rounds. */
const reaches = (ratio: number, asked: number): boolean => ratio >= asked * 0.995;

function goal({ ratio, asked, stretch }: Pick<ContenderResult, 'ratio' | 'asked' | 'stretch'>): string {
  if (asked === undefined) return '';
  const wanted = `${significant(asked)}${stretch === undefined ? '' : ` (${significant(stretch)})`}`;
  if (!ratio) return wanted;
  return `${wanted} ${reaches(ratio.median, asked) ? 'reached' : '**missed**'}`;
}

function contenderRow(result: ContenderResult): string[] {
  const { name, kind, version, note, seconds, ratio, error, departure } = result;
  const label = `${kind === 'ours' ? `**${name}**` : name}${version === undefined ? '' : ` ${version}`}`;
  const differs = departure === undefined ? [] : [`answer differs by ${(departure * 100).toPrecision(2)} %`];
  const heap = result.heapBytesPerCall === undefined ? [] : [`${result.heapBytesPerCall} B of JS heap per call`];
  const wasm = result.wasm
    ? [`${(result.wasm.bytes / 1024).toFixed(0)} KiB of wasm memory, grown by ${result.wasm.grown}`]
    : [];
  const notes = [...(note === undefined ? [] : [note]), ...differs, ...heap, ...wasm].join('; ');
  if (!seconds) {
    const why = result.absent === undefined ? `**wrong**: ${result.wrong}` : `absent: ${result.absent}`;
    return [label, why, '', goal(result), '', notes];
  }
  return [
    label,
    `${formatSeconds(seconds.median)} ± ${(seconds.cv * 100).toFixed(0)} %`,
    ratio ? `${significant(ratio.median)} (${significant(ratio.min)}–${significant(ratio.max)})` : '',
    goal(result),
    error!.toExponential(1),
    notes,
  ];
}

/** One race as Markdown: what was asked, who took how long. */
export function kernelSection({ name, work, rounds, rate, contenders }: KernelResult): string {
  const inOrder = [...contenders].sort((a, b) => (a.seconds?.median ?? Infinity) - (b.seconds?.median ?? Infinity));
  const rates = contenders.flatMap(({ name: who, kind, seconds }) => {
    if (!rate || !seconds || kind !== 'ours') return [];
    const value = rate.perCall / seconds.median;
    const asked =
      rate.asked === undefined
        ? ''
        : `, asked ${significant(rate.asked)}${rate.stretch === undefined ? '' : ` (${significant(rate.stretch)})`}: ${
            reaches(value, rate.asked) ? 'reached' : '**missed**'
          }`;
    return [`${who}: ${significant(value)} ${rate.unit}${asked}.`];
  });
  const header = ['', 'median per call', 'times ours', 'asked (hoped for)', 'error', 'remarks'];
  return [
    `**${name}**: ${work}; ${rounds} ${rounds === 1 ? 'round' : 'rounds'}.`,
    ...(rates.length > 0 ? [rates.join(' ')] : []),
    markdownTable(header, inOrder.map(contenderRow)),
  ].join('\n\n');
}

/** When and on what a report was measured, in one line. */
export function machineLine(date: string, { cpu, cores, memoryGiB, os, node, v8, version, git }: Machine): string {
  const commit = git === undefined ? '' : `, commit ${git}`;
  return `Measured ${date.slice(0, 10)} on ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${os}; Node ${node} (V8 ${v8}); deep-marimba ${version}${commit}.`;
}

/** The report as Markdown: the machine, the module, a table per kernel. */
export function renderReport({ date, machine, module, kernels }: KernelReport): string {
  return [
    machineLine(date, machine),
    `The module: ${module.bytes.toLocaleString('en-US')} bytes (asked: at most 16,384), compiled in ${formatSeconds(module.compile.median)}, instantiated in ${formatSeconds(module.instantiate.median)} (asked: at most 2 ms).`,
    ...kernels.map(kernelSection),
  ].join('\n\n');
}

/**
 * Puts `content` between `<!-- NAME -->` and `<!-- /NAME -->`, in place of what was there.
 * @throws {RangeError} when the text has no such pair of markers.
 */
export function insertBetweenMarkers(text: string, name: string, content: string): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const start = text.indexOf(open);
  const end = text.indexOf(close);
  if (start < 0 || end < start)
    throw new RangeError(`Expected ${open} and ${close} in this order, got neither or not so.`);
  return `${text.slice(0, start + open.length)}\n\n${content.trim()}\n\n${text.slice(end)}`;
}
