// What is named on the command line: models by folder or name, backbones likewise.
import { stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** A folder as it is, or the folder of the model that ships under that name. */
export async function folderOf(model: string): Promise<string> {
  const found = await stat(join(model, 'card.json')).then(
    () => true,
    () => false,
  );
  if (found || /[/\\]/.test(model)) return model;
  return join(shipped(), model);
}

/** The models of this package. */
const shipped = (): string =>
  join(dirname(createRequire(import.meta.url).resolve('deep-marimba/package.json')), 'models');

/** An ONNX file as it is, a backbone that ships by its name, or the folder of a model that has one inside. */
export async function backboneOf(name: string): Promise<string> {
  if (name.endsWith('.onnx')) return name;
  const own = join(shipped(), 'backbones', `${name}.onnx`);
  const found = await stat(own).then(
    (file) => file.isFile(),
    () => false,
  );
  return found ? own : await folderOf(name);
}
