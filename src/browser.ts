// What a browser gets: the neutral API, and what only a browser can do.
export * from './index.js';
export { openSound, readSound } from './sound/sound-blob.js';
export type { SoundSource } from './sound/sound-blob.js';
