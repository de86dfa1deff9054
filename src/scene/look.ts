// What everything looks like: bars, surroundings, light, the player's hands and tools, and the camera's electronics.
import type { Colour, TextureSpec } from './texture.js';
import type { Vector } from './camera.js';

/** What bars are made of. */
export type BarMaterial =
  | 'rosewood'
  | 'padauk'
  | 'synthetic'
  | 'maple'
  | 'steel'
  | 'brass'
  | 'painted'
  | 'rainbow'
  | 'cardboard'
  | 'drawn'
  | 'tape';

/** What meets the bars. */
export type ToolKind = 'mallet' | 'stick' | 'finger' | 'pencil';

/** How the bars look. */
export interface BarLook {
  /** What they are made of. */
  readonly material: BarMaterial;
  /** One colour per bar. */
  readonly colours: readonly Colour[];
  /** Strength of the wood's grain, 0..0.5. */
  readonly grain: number;
  /** Strength of mirrored light, 0..1, and how wide it spreads (small is a mirror). */
  readonly gloss: number;
  /** Spread of the gloss. */
  readonly roughness: number;
  /** How far the edges are rounded, 0..1. */
  readonly bevel: number;
  /** Radius of the cord holes or screws, metres; 0 for none. */
  readonly holes: number;
  /** Screws shine, holes are dark. */
  readonly screws: boolean;
  /** A cord lies across the bars. */
  readonly cord: boolean;
  /** Width of a drawn outline, metres; 0 for none. */
  readonly outline: number;
  /** Colour of outline, labels and hatching. */
  readonly ink: Colour;
  /** How much of the bar is filled where it is drawn: 0 only the outline, 1 flat colour. */
  readonly fill: number;
  /** Small marks (note names, stickers) on the bars. */
  readonly labels: boolean;
}

/** A source of light. */
export interface Light {
  /** Where it hangs, metres. */
  readonly position: Vector;
  /** Irradiance it gives at the middle of the bars when facing it, times its colour. */
  readonly colour: Colour;
  /** Radius, metres: the softness of its shadows. */
  readonly radius: number;
}

/** The player's tool and hands. */
export interface ToolLook {
  /** What meets the bars. */
  readonly kind: ToolKind;
  /** Radius of the head or tip, metres. */
  readonly headRadius: number;
  /** Length of the head along the shaft, metres; 0 is a ball. */
  readonly headLength: number;
  /** Colour of the head. */
  readonly head: Colour;
  /** Radius of the shaft, metres. */
  readonly shaftRadius: number;
  /** From head to grip, metres. */
  readonly shaftLength: number;
  /** Colour of the shaft. */
  readonly shaft: Colour;
  /** Colour of the skin. */
  readonly skin: Colour;
  /** Sleeve from the wrist (0) or further up (1); above 1 no sleeve in sight. */
  readonly sleeveStart: number;
  /** Colour of the sleeve. */
  readonly sleeve: Colour;
  /** Thickness of hands and arms against an adult's. */
  readonly build: number;
}

/** Camera electronics. */
export interface Sensor {
  /** Fraction of the frame time that the shutter is open. */
  readonly shutter: number;
  /** Fraction of the frame time between the first and the last row. */
  readonly readout: number;
  /** Noise at black and added noise at white, grey levels of 255. */
  readonly noise: readonly [black: number, white: number];
  /** Exponent of the tone curve. */
  readonly gamma: number;
  /** Strength of its S-shape. */
  readonly contrast: number;
  /** Share of light scattered all over the picture. */
  readonly haze: number;
  /** Mean grey the automatic exposure aims at, linear, 0..1. */
  readonly exposure: number;
  /** Slow drift of the exposure, share. */
  readonly drift: number;
  /** Flicker of the lamps, share, and its beat with the frame rate, Hz. */
  readonly flicker: readonly [depth: number, rate: number];
  /** Gains of red, green, blue. */
  readonly whiteBalance: Colour;
  /** Radius of the optical blur, pixels at width 320. */
  readonly blur: number;
  /** Darkening of the corners. */
  readonly vignette: number;
}

/** Everything that is seen and does not move by itself. */
export interface Look {
  /** Bars. */
  readonly bars: BarLook;
  /** Floor, and the walls beyond it. */
  readonly floor: TextureSpec;
  /** Wall. */
  readonly wall: TextureSpec;
  /** What lies under the bars: table top, board. */
  readonly ground: TextureSpec;
  /** Sheet the bars are drawn on, or none. */
  readonly sheet: TextureSpec | undefined;
  /** How far the sheet reaches beyond the bars, metres. */
  readonly sheetMargin: number;
  /** Cloth on the player's side, or none. */
  readonly cloth: TextureSpec | undefined;
  /** Height of the floor, metres, below 0. */
  readonly floorHeight: number;
  /** Table edges off the bars: left, right, near, far; metres. Undefined without a table. */
  readonly table: readonly [number, number, number, number] | undefined;
  /** Colour of rails and boards. */
  readonly frame: Colour;
  /** Width of the end boards, metres. */
  readonly frameWidth: number;
  /** Colour of the resonator tubes; undefined without. */
  readonly tubes: Colour | undefined;
  /** Shine of table, sheet and floor. */
  readonly groundGloss: number;
  /** Things standing or lying around. */
  readonly clutter: number;
  /** One or two lights, the strongest first. */
  readonly lights: readonly Light[];
  /** Light from everywhere. */
  readonly ambient: Colour;
  /** Strength and size (metres) of a pattern in the main light, as through a window. */
  readonly blinds: readonly [strength: number, size: number, angle: number];
  /**
   * A wide bright thing mirrored in what shines: direction, strength, width. `seen` is where along the bars (0 low .. 1
   * high) the camera sees its image; undefined: wherever the direction puts it.
   */
  readonly window: {
    readonly direction: Vector;
    readonly strength: number;
    readonly width: number;
    readonly seen: number | undefined;
  };
  /** The player's body can be in the picture. */
  readonly body: Colour | undefined;
  /** Tool and hands. */
  readonly tool: ToolLook;
  /** Electronics. */
  readonly sensor: Sensor;
}

/** What distinguishes the looks that training must never see from those it sees. */
export interface LookRules {
  /** Draw only held-out textures, materials, head colours and light directions. */
  readonly held: boolean;
  /** No rule at all: both sides. */
  readonly any: boolean;
  /** Low light: noise, long exposure, dark pictures. */
  readonly degraded: boolean;
}
