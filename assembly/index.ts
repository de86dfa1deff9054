// The kernels, one line per file: pure loops over linear memory, no imports, no allocation.
export * from './arena';
export * from './frames';
export * from './oscillators';
export * from './modal';
export * from './fft';
export * from './zoom';
export * from './rectify';
export * from './mix';
