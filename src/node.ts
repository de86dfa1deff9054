// What Node gets: the neutral API, and what only Node can do.
export * from './index.js';
export {
  readFeatures,
  readMarimbaData,
  readStrikes,
  writeEvents,
  writeFeatures,
  writeMidi,
} from './sound/data-file.js';
export type { MarimbaData } from './sound/data-file.js';
export { readExemplars, writeExemplars } from './sound/exemplar-file.js';
export { openSound, readSound } from './sound/sound-file.js';
export type { OpenSoundOptions, SoundSource } from './sound/sound-file.js';
export { writeWav } from './sound/wav-file.js';
export { sonifyFile } from './sonify/sonify-file.js';
export type { SonifiedFile, SonifyFileOptions } from './sonify/sonify-file.js';
export type { SonifyOutputs } from './sonify/outputs.js';
export type { DecoderChoice } from './types.js';
export { readVideo } from './video/video-file.js';
export type { ReadVideoOptions, Video } from './video/video-file.js';
export type { ModelCard, ModelFile, OnsetHead, StateShape } from './model/card.js';
export type { Device, Skipped } from './model/devices.js';
export { loadModel } from './model/load-model.js';
export type { LoadModelOptions, Model } from './model/load-model.js';
export { shippedModels } from './model/model-source.js';
export type { LoadProgress, ModelBytes } from './model/model-source.js';
