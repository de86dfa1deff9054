// The runtime-neutral public API: one explicit list.
export { isMarimbaError, ModelError, SoundError, UnsupportedError, VideoError } from './errors.js';
export type { MarimbaErrorTag } from './errors.js';
export { frameRate } from './frame-rate.js';
export type { FrameRate } from './frame-rate.js';
export { FrameStack } from './kernels/frame-stack.js';
export type { SpaceTimeImageFormat } from './kernels/frame-stack.js';
export { limiterKnee, ModalBank } from './kernels/modal-bank.js';
export type { BarMode, ModalBankOptions, ModalBar } from './kernels/modal-bank.js';
export { loadKernels } from './kernels/module.js';
export type { Kernels } from './kernels/module.js';
export { OscillatorBank } from './kernels/oscillator-bank.js';
export type { OscillatorBankOptions, SinePartial } from './kernels/oscillator-bank.js';
export { grayWeights } from './kernels/pixel-format.js';
export type { FrameFormat, GrayMode, LumaRange, PixelFormat } from './kernels/pixel-format.js';
export type { ResizeMode } from './kernels/resize-tables.js';
export { GT18, hzToMidi, midiToHz, midiToName, nameToMidi, noteSet } from './notes.js';
export type { Band, Note, NoteSet } from './notes.js';
export type { CalibratedBar, Calibration, NoteAmplitudes, Point, Quad, Sound, SoundStream, Strike } from './types.js';
