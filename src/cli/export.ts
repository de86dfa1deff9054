// `deep-marimba export`: a model folder's files anew from its weights, for every runtime, and its card in step with them.
import { Command } from 'commander';
import { rewriteModelFolder } from '../training/model-folder.js';

/** The command. */
export const exportModels = new Command('export')
  .description("Write model folders anew from their weights: ONNX, TensorFlow.js, the card's list of files.")
  .argument('<model...>', 'model folders')
  .action(async (folders: readonly string[]) => {
    for (const folder of folders) {
      const { files } = await rewriteModelFolder(folder);
      for (const { path, bytes } of Object.values(files)) {
        process.stdout.write(`${folder}/${path}\t${bytes}\n`);
      }
    }
  });
