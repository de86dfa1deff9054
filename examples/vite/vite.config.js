// Addresses are relative, so that the page may lie anywhere; workers are modules.
export default { base: './', build: { target: 'es2022' }, worker: { format: 'es' } };
