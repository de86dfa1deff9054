// What Node gets: the neutral API, and what only Node can do.
export * from './index.js';
