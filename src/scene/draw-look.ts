// Draws looks: materials, surroundings, lamps, tools and electronics, from one stream of random numbers; and which of them
// training must never see.
import { unit, type Vector } from './camera.js';
import { cos, exp, pi, radians, sin } from './exact-math.js';
import type { Instrument, InstrumentKind } from './instrument.js';
import type { BarLook, BarMaterial, Light, Look, LookRules, Sensor, ToolLook } from './look.js';
import type { Random } from './random.js';
import { hsv, luminance, srgb, type Colour, type TextureKind, type TextureSpec } from './texture.js';

/** Textures that only looks outside training have. */
export const heldTextures: readonly TextureKind[] = ['tiles', 'stripes', 'print'];
/** Bar materials that only looks outside training have. */
export const heldMaterials: readonly BarMaterial[] = ['padauk', 'brass'];

/** Whether a light from there is held out of training: low-note side and behind the player. */
export const heldLight = ([x, y]: Vector): boolean => x < -0.1 && y < -0.1;
/** Whether a mallet head's hue (0..1) is held out of training: greens and blues. */
export const heldHue = (hue: number): boolean => hue > 0.28 && hue < 0.68;

// How often which surface is met.
const texturesInTraining: Partial<Record<TextureKind, number>> = {
  plain: 0.22,
  carpet: 0.18,
  cloud: 0.14,
  wood: 0.18,
  weave: 0.09,
  leaves: 0.12,
  terrazzo: 0.07,
};

const woods: Partial<Record<BarMaterial, readonly [number, number, number]>> = {
  rosewood: [108, 62, 46],
  padauk: [164, 70, 40],
  maple: [214, 176, 128],
};

function scaled(colour: Colour, gain: number): Colour {
  return [colour[0] * gain, colour[1] * gain, colour[2] * gain];
}

function drawTexture(random: Random, rules: LookRules, dark: number, light: number): TextureSpec {
  const kind =
    rules.held || (rules.any && random.chance(0.25))
      ? random.pick(heldTextures)
      : random.weighted(texturesInTraining as Record<TextureKind, number>);
  // Rooms are mostly grey, brown and beige.
  const saturation = random.chance(0.45) ? 0.1 * random.unit() : 0.04 + 0.5 * random.unit() * random.unit();
  const hue = random.chance(0.6) ? random.range(0.04, 0.13) : random.unit();
  const value = random.range(dark, light);
  const base = hsv(hue, saturation, value);
  const second =
    kind === 'leaves' || kind === 'terrazzo'
      ? hsv(
          random.chance(0.5) ? random.range(0.02, 0.15) : random.unit(),
          random.range(0.05, 0.55),
          random.range(0.15, 0.95),
        )
      : hsv(
          (hue + random.range(0.92, 1.08)) % 1,
          saturation,
          Math.min(1, Math.max(0.04, value * random.pick([0.45, 0.7, 1.5]))),
        );
  return {
    kind,
    base,
    second,
    contrast: random.range(0.25, 1),
    period: random.ratio(0.25, 1.4),
    angle: random.chance(0.5) ? random.pick([0, pi / 2]) : random.range(0, pi),
    seed: random.int(0, 99999),
  };
}

function drawMaterial(kind: InstrumentKind, random: Random, rules: LookRules): BarMaterial {
  if (kind === 'cardboard') return 'cardboard';
  if (kind === 'paper' || kind === 'whiteboard') return 'drawn';
  if (kind === 'tape') return 'tape';
  for (;;) {
    const material =
      kind === 'toy'
        ? random.weighted({ rainbow: 0.5, steel: 0.12, brass: 0.06, maple: 0.2, painted: 0.12 })
        : kind === 'planks'
          ? random.weighted({ maple: 0.25, painted: 0.35, rosewood: 0.15, padauk: 0.05, synthetic: 0.1, rainbow: 0.1 })
          : random.weighted({ rosewood: 0.42, padauk: 0.15, synthetic: 0.2, steel: 0.1, brass: 0.05, maple: 0.08 });
    if (rules.any || heldMaterials.includes(material) === rules.held) return material;
    // A toy's or a plank's own materials are all in training; then other things are what is held out.
    if (rules.held && random.chance(0.3)) return material;
  }
}

function drawBars(instrument: Instrument, random: Random, rules: LookRules): BarLook {
  const { kind, bars } = instrument;
  const material = drawMaterial(kind, random, rules);
  const spread = random.range(0, 0.13);
  const ramp = random.range(-0.25, 0.25);
  const startHue = random.unit();
  const shade = random.range(0.5, 1.2);
  const paint = hsv(random.unit(), random.range(0.1, 0.8), random.range(0.15, 0.95));
  const common = random.pick([
    srgb(60, 45, 40),
    srgb(150, 85, 62),
    srgb(122, 60, 48),
    srgb(40, 38, 38),
    srgb(190, 150, 112),
  ]);
  const shared = kind === 'tape' || random.chance(0.7);
  const colours = bars.map((_, i): Colour => {
    const t = i / Math.max(1, bars.length - 1);
    const tone = shade * (1 + ramp * (t - 0.5)) * (1 + spread * random.range(-1, 1));
    const wood = woods[material];
    if (wood) {
      const [r, g, b] = wood;
      const warm = spread * random.range(-60, 60);
      return scaled(srgb(r + warm, g + warm * 0.7, b + warm * 0.4), tone);
    }
    switch (material) {
      case 'synthetic':
        return scaled(common, tone);
      case 'steel':
        return scaled(srgb(176, 178, 182), tone);
      case 'brass':
        return scaled(srgb(196, 164, 92), tone);
      case 'rainbow':
        return scaled(hsv((startHue + t * 0.85) % 1, random.range(0.7, 0.95), random.range(0.75, 0.95)), 0.85);
      case 'painted':
        return scaled(shared ? paint : hsv(random.unit(), random.range(0.2, 0.8), random.range(0.2, 0.95)), tone);
      case 'cardboard':
        return scaled(srgb(168 + spread * random.range(-90, 60), 132, 94), tone);
      case 'tape':
        return scaled(paint, 1 + 0.3 * spread * random.range(-1, 1));
      default:
        return scaled(shared ? paint : hsv(random.unit(), 0.6, 0.8), 1);
    }
  });
  const metal = material === 'steel' || material === 'brass';
  const flat = material === 'cardboard' || material === 'drawn' || material === 'tape';
  const wooden = material === 'rosewood' || material === 'padauk' || material === 'maple';
  return {
    material,
    colours,
    grain: wooden ? random.range(0.05, 0.4) : material === 'cardboard' ? random.range(0, 0.12) : random.range(0, 0.06),
    gloss: metal
      ? random.range(0.5, 0.95)
      : material === 'cardboard'
        ? 0
        : material === 'drawn'
          ? kind === 'whiteboard'
            ? 0.3
            : 0
          : random.range(0.03, 0.85) * random.range(0.35, 1),
    roughness: metal ? random.ratio(0.004, 0.06) : random.ratio(0.006, 0.15),
    bevel: flat ? 0 : random.range(0.1, 1),
    holes: flat ? 0 : random.chance(0.6) ? random.range(0.0018, 0.0042) : 0,
    screws: metal || kind === 'toy' || random.chance(0.1),
    cord: !flat && kind !== 'toy' && random.chance(0.5),
    outline:
      material === 'drawn' ? random.range(0.0015, 0.005) : flat && random.chance(0.25) ? random.range(0.001, 0.003) : 0,
    ink: random.chance(0.6)
      ? scaled(srgb(30, 30, 34), random.range(0.6, 2))
      : hsv(random.unit(), 0.8, random.range(0.3, 0.7)),
    fill: material === 'drawn' ? (random.chance(0.5) ? 0 : random.range(0.15, 1)) : 1,
    labels: random.chance(flat || kind === 'toy' ? 0.5 : 0.06),
  };
}

function drawTool(instrument: Instrument, barLuminance: number, random: Random, rules: LookRules): ToolLook {
  const paperLike = instrument.kind === 'cardboard' || !instrument.framed;
  const kind = paperLike
    ? random.weighted({ mallet: 0.58, stick: 0.1, finger: 0.16, pencil: 0.16 })
    : random.weighted({ mallet: 0.95, stick: 0.05 });
  const { scale } = instrument;
  let head: Colour;
  for (let tries = 0; ; tries++) {
    const grey = random.chance(0.35);
    let hue = random.unit();
    if (!rules.any && heldHue(hue) !== rules.held) hue = random.chance(0.5) ? 0.98 : 0.08;
    if (rules.held) hue = random.range(0.3, 0.66);
    head = hsv(hue, grey && !rules.held ? random.range(0, 0.12) : random.range(0.3, 0.9), random.range(0.08, 0.95));
    // A head of the bars' own tone happens, but seldom.
    const apart = luminance(head) / (barLuminance + 0.02);
    if (apart < 0.6 || apart > 1.7 || tries > 6 || random.chance(0.12)) break;
  }
  const skin = random.pick([
    srgb(226, 190, 170),
    srgb(204, 164, 142),
    srgb(174, 132, 110),
    srgb(130, 94, 76),
    srgb(86, 64, 54),
  ]);
  const shaft = random.pick([
    srgb(222, 196, 140),
    srgb(196, 150, 96),
    srgb(120, 78, 50),
    srgb(40, 38, 36),
    srgb(225, 222, 214),
    srgb(170, 40, 40),
  ]);
  const build = random.range(0.82, 1.12);
  const common = {
    skin: scaled(skin, random.range(0.65, 1)),
    sleeveStart: random.chance(0.45) ? random.range(0, 0.9) : 2,
    sleeve: hsv(random.unit(), 0.65 * random.unit() * random.unit(), random.range(0.06, 0.85)),
    build,
    shaft: scaled(shaft, random.range(0.8, 1.1)),
    head,
  };
  switch (kind) {
    case 'mallet':
      return {
        ...common,
        kind,
        headRadius: random.range(0.0115, 0.023) * scale,
        headLength: random.chance(0.35) ? random.range(0.004, 0.014) * scale : 0,
        shaftRadius: random.range(0.0026, 0.0055) * scale,
        shaftLength: Math.max(0.15, random.range(0.2, 0.36) * scale),
      };
    case 'stick':
      return {
        ...common,
        kind,
        head: common.shaft,
        headRadius: random.range(0.005, 0.008) * scale,
        headLength: random.range(0.004, 0.012),
        shaftRadius: random.range(0.005, 0.0075) * scale,
        shaftLength: Math.max(0.15, random.range(0.2, 0.34) * scale),
      };
    case 'pencil':
      return {
        ...common,
        kind,
        head: random.chance(0.5) ? srgb(60, 52, 48) : srgb(226, 140, 140),
        headRadius: random.range(0.002, 0.004),
        headLength: 0.008,
        shaft: hsv(random.unit(), random.range(0.1, 0.9), random.range(0.2, 0.95)),
        shaftRadius: random.range(0.0032, 0.0045),
        shaftLength: random.range(0.07, 0.13),
      };
    case 'finger':
      return {
        ...common,
        kind,
        head: common.skin,
        headRadius: 0.0078 * build,
        headLength: 0.018,
        shaft: common.skin,
        shaftRadius: 0.0085 * build,
        shaftLength: random.range(0.055, 0.075) * build,
      };
  }
}

function drawSensor(random: Random, rules: LookRules): Sensor {
  const dim = rules.degraded || random.chance(0.05);
  const grain = dim ? random.range(4, 11) : 0.4 + 6 * random.unit() * random.unit();
  return {
    shutter: dim ? random.range(0.6, 0.98) : random.range(0.08, 0.9),
    readout: random.chance(0.75) ? random.range(0.15, 0.8) : 0,
    noise: [grain, grain * random.range(0.3, 1.2)],
    gamma: 1 / random.range(1.85, 2.5),
    contrast: random.range(-0.1, 0.6),
    haze: random.chance(0.3) ? random.range(0, 0.08) : 0,
    exposure: dim ? random.ratio(0.025, 0.09) : random.ratio(0.12, 0.4),
    drift: random.chance(0.3) ? random.range(-0.2, 0.2) : 0,
    flicker: random.chance(0.2) ? [random.range(0.005, 0.05), random.range(0.3, 11)] : [0, 1],
    whiteBalance: [exp(random.range(-0.16, 0.16)), 1, exp(random.range(-0.2, 0.2))],
    blur: random.chance(0.6) ? random.range(0.15, 1.2) * random.range(0.4, 1) : 0,
    vignette: random.range(0, 0.35),
  };
}

function drawLight(random: Random, rules: LookRules, low: number): Light {
  for (;;) {
    const azimuth = random.chance(0.35) ? random.range(0.2, 0.8) * pi : random.range(0, 2 * pi);
    const height = radians(low + (88 - low) * Math.sqrt(random.unit()));
    const direction: Vector = [cos(azimuth) * cos(height), sin(azimuth) * cos(height), sin(height)];
    if (!rules.any && heldLight(direction) !== rules.held) continue;
    const distance = random.ratio(0.9, 4);
    const warm = random.range(-0.3, 0.45);
    const tint = random.chance(0.04)
      ? hsv(random.unit(), random.range(0.3, 0.7), 1)
      : ([1 + 0.35 * warm, 1, 1 - 0.5 * warm] as const);
    const mean = luminance(tint);
    return {
      position: [direction[0] * distance, direction[1] * distance, direction[2] * distance],
      colour: scaled(tint, 1 / mean),
      radius: distance * random.ratio(0.012, 0.22),
    };
  }
}

/** Draws everything that is seen of an instrument and around it. */
export function drawLook(instrument: Instrument, random: Random, rules: LookRules): Look {
  const { kind, framed } = instrument;
  const bars = drawBars(instrument, random, rules);
  const barLuminance = bars.colours.reduce((sum, colour) => sum + luminance(colour), 0) / bars.colours.length;
  const onSheet = kind === 'paper' || kind === 'whiteboard';
  const sheet: TextureSpec | undefined = onSheet
    ? {
        ...drawTexture(random, rules, 0.8, 0.96),
        kind: 'plain',
        base: scaled(srgb(246, 245, 240), random.range(0.75, 1)),
        contrast: random.range(0.05, 0.3),
      }
    : undefined;
  let ground: TextureSpec;
  for (let tries = 0; ; tries++) {
    ground = drawTexture(random, rules, framed ? 0.1 : 0.12, framed ? 0.55 : 0.97);
    const apart = luminance(ground.base) / (barLuminance + 0.01);
    // Whoever lays out bars does so where they can be seen.
    if (framed || onSheet || apart < 0.55 || apart > 1.8 || tries > 20) break;
  }
  const table: Look['table'] =
    kind === 'row' || kind === 'keyboard' || (kind === 'planks' && framed)
      ? undefined
      : [random.ratio(0.06, 1.2), random.ratio(0.06, 1.2), random.ratio(0.08, 0.8), random.ratio(0.06, 0.9)];
  const keyShare = random.range(0.25, 0.85);
  const low = random.chance(0.75) ? 50 : 28;
  const key = drawLight(random, rules, low);
  const fill = drawLight(random, rules, 25);
  const two = random.chance(0.45);
  const lights = [{ ...key, colour: scaled(key.colour, keyShare) }];
  if (two) lights.push({ ...fill, colour: scaled(fill.colour, keyShare * random.range(0.2, 0.7)) });
  const ambientTint = random.range(-0.2, 0.2);
  // Where a window is mirrored: mostly beyond the instrument, where a camera above the player sees its image on the bars.
  const windowTilt = radians(random.range(30, 88));
  const windowAzimuth = random.chance(0.7) ? random.range(0.15, 0.85) * pi : random.range(0, 2 * pi);
  return {
    bars,
    floor: drawTexture(random, rules, 0.12, 0.85),
    wall: drawTexture(random, rules, 0.3, 0.95),
    ground,
    sheet,
    sheetMargin: random.range(0.015, 0.12),
    cloth:
      kind === 'row' && random.chance(0.75)
        ? {
            ...drawTexture(random, rules, 0.06, 0.75),
            contrast: random.range(0.1, 0.5),
            period: random.range(0.15, 0.5),
          }
        : undefined,
    floorHeight: (framed && !table) || random.chance(0.7) ? -random.range(0.55, 0.95) : instrument.ground - 0.001,
    table,
    frame: random.pick([srgb(70, 48, 34), srgb(40, 36, 34), srgb(140, 100, 62), srgb(30, 30, 32), srgb(190, 160, 120)]),
    frameWidth: random.range(0.015, 0.06) * (kind === 'toy' ? 0.6 : 1),
    tubes:
      (kind === 'row' || kind === 'keyboard') && random.chance(0.75)
        ? random.pick([srgb(190, 170, 110), srgb(150, 150, 155), srgb(60, 60, 62), srgb(210, 208, 204)])
        : undefined,
    groundGloss: kind === 'whiteboard' ? random.range(0.2, 0.6) : random.chance(0.35) ? random.range(0.03, 0.3) : 0,
    clutter: random.chance(0.65) ? random.int(1, 7) : 0,
    lights,
    ambient: scaled([1 - ambientTint * 0.5, 1, 1 + ambientTint], (1 - keyShare) * random.range(0.6, 1.1) + 0.06),
    blinds: random.chance(0.22) ? [random.range(0.25, 0.85), random.range(0.06, 0.5), random.range(0, pi)] : [0, 1, 0],
    window: {
      direction: unit([cos(windowAzimuth) * cos(windowTilt), sin(windowAzimuth) * cos(windowTilt), sin(windowTilt)]),
      strength: random.chance(0.65) ? random.ratio(0.25, 2.5) : 0,
      width: random.ratio(0.01, 0.25),
      seen: random.chance(0.45) ? random.range(-0.1, 1.1) : undefined,
    },
    body: random.chance(0.7) ? hsv(random.unit(), random.range(0, 0.6), random.range(0.05, 0.85)) : undefined,
    tool: drawTool(instrument, barLuminance, random, rules),
    sensor: drawSensor(random, rules),
  };
}
