// What tests in a browser compare with: the clip of the parity tests through onnxruntime-node's CPU, run by vitest itself.
import { readFile } from 'node:fs/promises';

/** Base64 of the little-endian numbers. */
export type EncodedTrace = Readonly<Record<string, string>>;

/** The whole trace of a shipped model; the clip is rendered here, and there. */
export async function cpuReference(_context: unknown, model: string, frames: number): Promise<EncodedTrace> {
  // Not at the top: the configuration of all tests imports this file.
  const [{ onnxRuntime }, { parseCard }, { renderStrips, traceOf }] = await Promise.all([
    import('../../src/model/onnx-runtime.js'),
    import('../../src/model/card.js'),
    import('./parity.js'),
  ]);
  const card = parseCard(await readFile(`models/${model}/card.json`, 'utf8'));
  const session = await onnxRuntime(await import('onnxruntime-node'))(
    await readFile(`models/${model}/${card.files.onnx.path}`),
  );
  const trace = await traceOf(session, card, await renderStrips(frames));
  await session.release();
  return Object.fromEntries(
    Object.entries(trace).map(([name, { buffer }]) => [name, Buffer.from(buffer).toString('base64')]),
  );
}
