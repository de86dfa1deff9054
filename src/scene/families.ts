// Which seeds and which rules a family of scenes has, so that what a model is tested on can never have been trained on.
import { trainingCameras, type CameraBox } from './camera.js';
import type { InstrumentKind } from './instrument.js';
import type { LookRules } from './look.js';
import type { Mix } from './player.js';

/**
 * `train` and `validation`; `sequences` (T1): new playing in training's looks and cameras; `looks` (T2): materials,
 * textures, heads and lights that training never has; `cameras` (T3): outside training's box; `paper` (T4): cardboard,
 * drawings and tape, none of which is in training; `silent` (T6): no strike at all; `degraded` (T7): low light, noise,
 * 60 frames/s, variable rate. `everything` draws from all of it with seeds of its own, for models that ship.
 */
export type Family =
  'train' | 'validation' | 'sequences' | 'looks' | 'cameras' | 'paper' | 'silent' | 'degraded' | 'everything';

/** Seeds of one family, and what may be drawn. */
export interface FamilyRules {
  /** First seeds of look, camera and playing; a scene's own seed is added. */
  readonly seeds: { readonly look: number; readonly camera: number; readonly playing: number };
  /** Weights of the instruments. */
  readonly kinds: Partial<Record<InstrumentKind, number>>;
  /** What looks may have. */
  readonly look: LookRules;
  /** Cameras. */
  readonly box: CameraBox;
  /** Share of scenes whose camera lies outside the box. */
  readonly outside: number;
  /** Weights of mixed playing, mostly music, and none. */
  readonly mix: Readonly<Record<Mix, number>>;
}

/** Scenes per family: seeds run from 0 to one less. */
export const seedsPerFamily = 4294967296;

const real = { row: 0.36, keyboard: 0.26, toy: 0.18, planks: 0.2 };
const paper = { cardboard: 0.45, paper: 0.2, whiteboard: 0.12, tape: 0.23 };
const seen: LookRules = { held: false, any: false, degraded: false };
const mix = { mixed: 0.56, music: 0.15, silent: 0.29 };
const from = (block: number): number => block * seedsPerFamily;
const own = (block: number): FamilyRules['seeds'] => ({ look: from(block), camera: from(block), playing: from(block) });

/** The families. Seeds of playing are disjoint; those of looks and cameras too, but for `sequences`, which borrows training's. */
export const families: Readonly<Record<Family, FamilyRules>> = {
  train: { seeds: own(1), kinds: real, look: seen, box: trainingCameras, outside: 0, mix },
  validation: { seeds: own(2), kinds: real, look: seen, box: trainingCameras, outside: 0, mix },
  sequences: {
    seeds: { ...own(1), playing: from(3) },
    kinds: real,
    look: seen,
    box: trainingCameras,
    outside: 0,
    mix,
  },
  looks: { seeds: own(4), kinds: real, look: { ...seen, held: true }, box: trainingCameras, outside: 0, mix },
  cameras: { seeds: own(5), kinds: real, look: seen, box: trainingCameras, outside: 1, mix },
  paper: { seeds: own(6), kinds: paper, look: seen, box: trainingCameras, outside: 0, mix },
  silent: {
    seeds: own(7),
    kinds: real,
    look: seen,
    box: trainingCameras,
    outside: 0,
    mix: { mixed: 0, music: 0, silent: 1 },
  },
  degraded: { seeds: own(8), kinds: real, look: { ...seen, degraded: true }, box: trainingCameras, outside: 0, mix },
  everything: {
    seeds: own(9),
    kinds: {
      row: 0.26,
      keyboard: 0.18,
      toy: 0.13,
      planks: 0.13,
      cardboard: 0.15,
      paper: 0.05,
      whiteboard: 0.03,
      tape: 0.07,
    },
    look: { held: false, any: true, degraded: false },
    box: trainingCameras,
    outside: 0.3,
    mix,
  },
};

/** Names of the families. */
export const familyNames = Object.keys(families) as readonly Family[];
