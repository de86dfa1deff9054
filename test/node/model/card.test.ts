// Model cards: what is read, and what is refused with which sentence.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isMarimbaError } from '../../../src/errors.js';
import { parseCard, verifyFile } from '../../../src/model/card.js';

const bytes = new TextEncoder().encode('a model');
const file = { path: 'model.onnx', bytes: 7, sha256: createHash('sha256').update(bytes).digest('hex') };
const card = {
  format: 'deep-marimba/model@1',
  name: 'bar-lstm',
  architecture: { name: 'bar-lstm', options: {} },
  files: { onnx: file },
  input: { name: 'image', shape: [3, 48, 240], geometry: 'bars', cellWidth: 12, channels: 'differences' },
  states: [{ name: 'lstm.hidden', shape: ['bars', 64] }],
  outputs: ['onset', 'velocity'],
  onsets: [{ output: 'onset', latency: 2, threshold: 0.3 }],
  fps: [25],
  training: {},
  scores: {},
};

describe('parseCard', () => {
  it('reads a card from JSON or as an object', () => {
    expect(parseCard(JSON.stringify(card))).toEqual(card);
    expect(parseCard(card)).toBe(card);
  });

  it.each([
    ['{', /not JSON/],
    ['[]', /not a model card/],
    [{ ...card, format: 'deep-marimba/model@2' }, /this version reads deep-marimba\/model@1/],
    [{ ...card, states: [{ name: 'h', shape: [0] }] }, /no usable states/],
    [{ ...card, files: { onnx: { ...file, path: '../../secret' } } }, /no usable files/],
    [{ ...card, files: { onnx: { ...file, path: '/etc/passwd' } } }, /no usable files/],
    [{ ...card, input: { ...card.input, cellWidth: undefined } }, /no usable input/],
    [{ ...card, onsets: [], fps: [0] }, /no usable onsets, fps/],
    [{ ...card, onsets: [{ output: 'strike', latency: 2, threshold: 0.3 }] }, /"strike" that is no output/],
  ])('refuses %j', (source, message) => {
    expect(() => parseCard(source, 'models/x/card.json')).toThrow(message);
    expect(() => parseCard(source, 'models/x/card.json')).toThrow(/^models\/x\/card\.json/);
  });

  it('answers any JSON with a card or a ModelError', () => {
    const broken = fc
      .tuple(fc.constantFrom(...Object.keys(card)), fc.jsonValue())
      .map(([field, value]) => ({ ...card, [field]: value }));
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), broken), (value) => {
        try {
          parseCard(value);
        } catch (error) {
          expect(isMarimbaError(error, 'ModelError')).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('verifyFile', () => {
  it('takes the file the card describes and no other', async () => {
    await expect(verifyFile(file, bytes)).resolves.toBeUndefined();
    await expect(verifyFile(file, bytes.slice(1))).rejects.toThrow('model.onnx holds 6 bytes, its card says 7');
    await expect(
      verifyFile(
        file,
        bytes.map((byte) => byte ^ 1),
      ),
    ).rejects.toThrow(/sha256 differs/);
  });
});
