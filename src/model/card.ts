// card.json: everything a program must know of a model before it opens it, and everything a person should.
import { ModelError } from '../errors.js';

/** A file of a model folder. */
export interface ModelFile {
  /** Path inside the folder. */
  readonly path: string;
  /** Size, bytes. */
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** A recurrent state: zeros before the first frame. */
export interface StateShape {
  /** Port `state.NAME` in, `next.NAME` out. */
  readonly name: string;
  /** 'bars' stands for the number of bars at hand. */
  readonly shape: readonly (number | 'bars')[];
}

/** One onset head: an answer about the same strikes, early or late. */
export interface OnsetHead {
  /** Output that holds its logits, [1 x bars]. */
  readonly output: string;
  /** Frames after contact at which it answers. */
  readonly latency: number;
  /** Probability a strike needs, tuned on validation clips that hold non-strikes. */
  readonly threshold: number;
  /** Where in a frame the contact was: by the probabilities around the peak (default), or as the output `offset` says. */
  readonly timing?: 'centroid' | 'offset';
}

/** What `card.json` says. */
export interface ModelCard {
  /** Names the format and its version. */
  readonly format: 'deep-marimba/model@1';
  /** Name of the folder and of the model. */
  readonly name: string;
  /** Which list of layers it is made of, and with which options. */
  readonly architecture: { readonly name: string; readonly options: Readonly<Record<string, unknown>> };
  /** Model files: `onnx` is the single step; others as they ship. */
  readonly files: { readonly onnx: ModelFile } & Readonly<Record<string, ModelFile>>;
  /** What the network looks at. */
  readonly input: {
    /** Name of the port. */
    readonly name: string;
    /** [channels x height x width]; for `bars`, width is that of the nominal number of bars. */
    readonly shape: readonly [channels: number, height: number, width: number];
    /** Bar strip, rectified keyboard, or whole frame. */
    readonly geometry: 'bars' | 'rect' | 'raw';
    /** Pixels per bar across the strip; `bars` only. */
    readonly cellWidth?: number;
    /**
     * Places that one run of the network answers for, where it is a fixed number: longer strips are seen window by window;
     * of a rectified keyboard or whole frame, the first places are those of the bars, low to high.
     */
    readonly window?: number;
    /** Three gray frames, or the three differences of the rectifier. */
    readonly channels: 'gray' | 'differences';
  };
  /** Frames that the graph in the file `block` takes at once, where the model has one. */
  readonly block?: number;
  /** Notes the outputs stand for; absent when any number of bars works. */
  readonly notes?: readonly number[];
  /** Recurrent states, in any order. */
  readonly states: readonly StateShape[];
  /** Names of all outputs, [1 x bars] each. */
  readonly outputs: readonly string[];
  /** Onset heads, surest first. */
  readonly onsets: readonly OnsetHead[];
  /** Frames per second it was trained at; other rates are resampled to the nearest of these. */
  readonly fps: readonly number[];
  /** Seeds, frames, hours, configuration: enough to train it again. */
  readonly training: Readonly<Record<string, unknown>>;
  /** Scores on every family, baselines beside them. */
  readonly scores: Readonly<Record<string, unknown>>;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isName = (value: unknown): value is string => typeof value === 'string' && value.length > 0;
const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) > 0;
const isList = <T>(value: unknown, of: (item: unknown) => item is T): value is T[] =>
  Array.isArray(value) && value.every(of);

const isFile = (value: unknown): value is ModelFile =>
  isObject(value) &&
  // A card must not reach outside its folder.
  isName(value.path) &&
  !/^[/\\]|\.\.|:/.test(value.path) &&
  isCount(value.bytes) &&
  typeof value.sha256 === 'string' &&
  /^[0-9a-f]{64}$/.test(value.sha256);
const isState = (value: unknown): value is StateShape =>
  isObject(value) &&
  isName(value.name) &&
  isList(value.shape, (size): size is number | 'bars' => size === 'bars' || isCount(size));
const isHead = (value: unknown): value is OnsetHead =>
  isObject(value) &&
  isName(value.output) &&
  Number.isInteger(value.latency) &&
  typeof value.threshold === 'number' &&
  value.threshold > 0 &&
  value.threshold < 1 &&
  [undefined, 'centroid', 'offset'].includes(value.timing as string | undefined);

/**
 * Reads a card.
 * @param from named in errors: a path or an address.
 * @throws {ModelError} for another format or version, or a field that is missing or wrong, by its name.
 */
export function parseCard(source: unknown, from = 'card.json'): ModelCard {
  let card = source;
  if (typeof card === 'string') {
    try {
      card = JSON.parse(card) as unknown;
    } catch (cause) {
      throw new ModelError(`${from} is not JSON; copy the model folder again.`, { cause });
    }
  }
  if (!isObject(card)) throw new ModelError(`${from} is not a model card; it should hold one JSON object.`);
  if (card.format !== 'deep-marimba/model@1') {
    throw new ModelError(
      `${from} has the format ${JSON.stringify(card.format)}; this version reads deep-marimba/model@1. Update deep-marimba or the model.`,
    );
  }
  const { name, architecture, files, input, block, notes, states, outputs, onsets, fps, training, scores } = card;
  const inputIsGood =
    isObject(input) &&
    isName(input.name) &&
    isList(input.shape, isCount) &&
    input.shape.length === 3 &&
    ['bars', 'rect', 'raw'].includes(input.geometry as string) &&
    (input.geometry === 'bars') === isCount(input.cellWidth) &&
    (input.window === undefined ? input.geometry === 'bars' : isCount(input.window)) &&
    ['gray', 'differences'].includes(input.channels as string);
  const good: Record<string, boolean> = {
    name: isName(name),
    architecture: isObject(architecture) && isName(architecture.name) && isObject(architecture.options),
    files: isObject(files) && 'onnx' in files && Object.values(files).every(isFile),
    input: inputIsGood,
    block: block === undefined || (isCount(block) && isObject(files) && 'block' in files),
    notes: notes === undefined || isList(notes, isCount),
    states: isList(states, isState),
    outputs: isList(outputs, isName),
    onsets: isList(onsets, isHead) && onsets.length > 0,
    fps: isList(fps, (rate): rate is number => typeof rate === 'number' && rate > 0) && fps.length > 0,
    training: isObject(training),
    scores: isObject(scores),
  };
  const wrong = Object.keys(good).filter((field) => !good[field]);
  if (wrong.length > 0) {
    throw new ModelError(`${from} has no usable ${wrong.join(', ')}; copy the model folder again.`, {
      facts: { fields: wrong },
    });
  }
  const read = card as unknown as ModelCard;
  for (const { output, timing } of read.onsets) {
    if (!read.outputs.includes(output))
      throw new ModelError(`${from} has an onset head "${output}" that is no output.`);
    if (timing === 'offset' && !read.outputs.includes(timing))
      throw new ModelError(`${from} has an onset head "${output}" timed by offsets, which are no output.`);
  }
  return read;
}

/**
 * Checks a file against what the card says of it.
 * @param from named in errors: a path or an address.
 * @throws {ModelError} when size or hash differ.
 */
export async function verifyFile(file: ModelFile, bytes: Uint8Array<ArrayBuffer>, from = file.path): Promise<void> {
  if (bytes.byteLength !== file.bytes) {
    throw new ModelError(`${from} holds ${bytes.byteLength} bytes, its card says ${file.bytes}; copy it again.`);
  }
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (sha256 !== file.sha256) {
    throw new ModelError(`${from} is not the file its card describes (its sha256 differs); copy it again.`, {
      facts: { expected: file.sha256, got: sha256 },
    });
  }
}
