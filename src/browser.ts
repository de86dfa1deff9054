// What a browser gets: the neutral API, and what only a browser can do.
export * from './index.js';
