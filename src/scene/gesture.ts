// What a mallet does at one place: strikes, and everything that is none.
import { sin } from './exact-math.js';

/**
 * What happens without a note. `feint`: down and smoothly back above a bar; `hover`: waiting above a bar; `miss`: a stroke
 * beside the bars; `rest`: laid on a bar without a sound; `pass`: hands crossing the instrument; `leave`: a mallet is
 * taken away; `page` and `person`: something moves behind the instrument.
 */
export type NonStrikeKind = 'feint' | 'hover' | 'miss' | 'rest' | 'pass' | 'leave' | 'page' | 'person';

/** What a mallet does at one place. */
export interface Gesture {
  /** `carry`: waiting for its neighbour in the same hand. */
  readonly kind: 'strike' | 'carry' | Exclude<NonStrikeKind, 'page' | 'person'>;
  /** Arrival at the lowest point: contact, for a strike. Seconds. */
  readonly time: number;
  /** Seconds spent there. */
  readonly dwell: number;
  /** Where, metres. */
  readonly x: number;
  /** Where, metres. */
  readonly y: number;
  /** Height of what lies there (bar, table, cloth), metres. */
  readonly surface: number;
  /** Height of the tip above it at the lowest point, metres; 0 touches. */
  readonly stop: number;
  /** Seconds of the way down. */
  readonly down: number;
  /** Seconds of the way up. */
  readonly up: number;
  /** Height before the way down and after the way up, metres above the surface; where a stroke bounces, its speed says. */
  readonly height: number;
  /** Speed of the tip at contact, m/s; 0 for what does not bounce. */
  readonly speed: number;
  /** Share of the speed that is left after contact. */
  readonly rebound: number;
  /** Height at which it waits afterwards when there is time, metres. */
  readonly wait: number;
  /** Index of the bar that is meant or under it, -1 for none. */
  readonly bar: number;
  /** 0..1, linear; 0 for what does not sound. */
  readonly velocity: number;
  /** Place on the bar, 0 near .. 1 far. */
  readonly along: number;
}

/** The speed of a full-force strike, m/s: linear velocity 1. */
export const fullSpeed = 3.4;

/** Nobody strikes twice with one mallet in less. Seconds. */
export const shortestRepeat = 0.09;

/** A slow smooth number in -1..1, for hands that are never quite still. */
export const sway = (time: number, rate: number, phase: number): number =>
  0.6 * sin(time * rate + phase) + 0.4 * sin(time * rate * 1.73 + phase * 2.3);
