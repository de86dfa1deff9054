// The module that runs on the audio thread. Self-contained: hand its address to `audioWorklet.addModule`.
// Importing it anywhere else does nothing.

/** Name under which the processor registers itself. */
export const processorName = 'deep-marimba';
