// What a browser gets: the neutral API, and what only a browser can do.
export * from './index.js';
export { readExemplars } from './sound/exemplar-fetch.js';
export { openSound, readSound } from './sound/sound-blob.js';
export type { SoundSource } from './sound/sound-blob.js';
export { createMarimbaNode, MarimbaNode } from './sound/marimba-node.js';
export type { MarimbaNodeOptions, MarimbaNodeStatus } from './sound/marimba-node.js';
export { PushedFrames } from './video/pushed-frames.js';
export { readVideo } from './video/video-blob.js';
export type { Video, VideoSource } from './video/video-blob.js';
export type { ModelCard, ModelFile, OnsetHead, StateShape } from './model/card.js';
export type { Device, Skipped } from './model/devices.js';
export { loadModel } from './model/load-model-web.js';
export type { LoadModelOptions } from './model/load-model-web.js';
export type { Model } from './model/model.js';
export type { LoadProgress, ModelBytes } from './model/model-files.js';
export { decisionsOf } from './kiosk/decisions.js';
export type { DecisionFacts } from './kiosk/decisions.js';
export { listen } from './kiosk/live.js';
export type {
  Decision,
  LiveDevice,
  LiveEar,
  LiveEvents,
  LiveLatency,
  LiveMoved,
  LiveOptions,
  LiveProblem,
  LiveSettings,
  LiveSound,
  LiveSource,
  LiveState,
  LiveStats,
  LiveStrike,
} from './kiosk/live-types.js';
