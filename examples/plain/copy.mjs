// Copies what the page loads out of the installed packages.
import { cpSync } from 'node:fs';

const modules = process.argv[2] ?? 'node_modules';
cpSync(`${modules}/deep-marimba/dist/standalone`, 'vendor', { recursive: true });
cpSync(`${modules}/deep-marimba/models`, 'vendor/models', { recursive: true });
cpSync(`${modules}/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm`, 'vendor/ort-wasm-simd-threaded.wasm');
