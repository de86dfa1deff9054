// What a browser gets: the neutral API, and what only a browser can do.
export * from './index.js';
export { readExemplars } from './sound/exemplar-fetch.js';
export { openSound, readSound } from './sound/sound-blob.js';
export type { SoundSource } from './sound/sound-blob.js';
export { createMarimbaNode, MarimbaNode } from './sound/marimba-node.js';
export type { MarimbaNodeOptions, MarimbaNodeStatus } from './sound/marimba-node.js';
export { readVideo } from './video/video-blob.js';
export type { Video, VideoSource } from './video/video-blob.js';
