// Addresses are relative, so that the page may lie anywhere; workers are modules.
export default {
  base: './',
  oxc: { jsx: { runtime: 'automatic' } },
  build: { target: 'es2022' },
  worker: { format: 'es' },
};
