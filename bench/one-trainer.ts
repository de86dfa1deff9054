// One of the trainers that `bench trainers` lets run side by side, in a process of its own.
import { serveTrainer } from './trainers.js';

await serveTrainer();
