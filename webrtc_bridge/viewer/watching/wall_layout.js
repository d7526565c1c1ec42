/** Where the tiles of a camera wall go, so that all of them fit the window; no I/O. */

/** How tiles look: with a bar and numbers beneath the picture, or over it on demand. */
export const TileLook = Object.freeze({ CARD: 'card', OVERLAY: 'overlay' });

export const GAP = 12; // pixels between tiles

const LEAST_SIDE = 112; // pixels of a picture's longer side; below it the wall scrolls instead
const CARD_CHROME = 116; // pixels beneath a picture, at most usual widths
const CARD_WIDTH = 320; // pixels that the bar of a card needs
const CARD_SHARE = 0.6; // of the overlay's picture area that cards must keep

/**
 * Return `{ columns, widths }`: the number of columns and the width of each tile, in pixels, with
 * which the pictures, of the `aspects` width / height, are largest.
 *
 * `width` and `height` are of the wall; each tile is higher than its picture by `chrome`.
 */
export function wallLayout({ width, height, aspects, chrome }) {
  const choices = aspects.map((_, index) => layoutOf(index + 1, { width, height, aspects, chrome }));
  const best = choices.reduce((a, b) => (b.area > a.area ? b : a));
  const sides = best.widths.map((wide, index) => Math.max(wide, wide / aspects[index]));
  return Math.min(...sides) < LEAST_SIDE ? scrollingLayout(width, aspects) : best;
}

/** Return the look that suits a wall: cards, unless they would leave too little of the pictures. */
export function lookOf(wall) {
  const card = wallLayout({ ...wall, chrome: CARD_CHROME });
  const overlay = wallLayout({ ...wall, chrome: 0 });
  const readable = Math.min(...card.widths) >= CARD_WIDTH;
  return readable && card.area >= CARD_SHARE * overlay.area ? TileLook.CARD : TileLook.OVERLAY;
}

function layoutOf(columns, { width, height, aspects, chrome }) {
  const rows = Math.ceil(aspects.length / columns);
  const widest = (width - GAP * (columns - 1)) / columns;
  const highest = Math.max(0, (height - GAP * (rows - 1)) / rows - chrome);
  const widths = aspects.map((aspect) => Math.floor(Math.min(widest, highest * aspect)));
  const area = widths.reduce((sum, wide, index) => sum + wide ** 2 / aspects[index], 0);
  return { columns, widths, area };
}

function scrollingLayout(width, aspects) {
  const fitting = Math.floor((width + GAP) / (LEAST_SIDE + GAP));
  const columns = Math.max(1, Math.min(aspects.length, fitting));
  const wide = Math.floor((width - GAP * (columns - 1)) / columns);
  return { columns, widths: aspects.map(() => wide), area: 0 };
}
