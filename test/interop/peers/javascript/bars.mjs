// The picture of foreign senders: the bars of GStreamer's `videotestsrc`, and a block that moves.

export const [WIDTH, HEIGHT, FPS] = [640, 480, 30];
export const BARS = [
  [255, 255, 255], [255, 255, 0], [0, 255, 255], [0, 255, 0], [255, 0, 255], [255, 0, 0],
  [0, 0, 255],
];

/** Return left, width and colour of each rectangle of the upper two thirds. */
export function bars() {
  const edge = (index) => Math.round((WIDTH * index) / BARS.length);
  return BARS.map((colour, index) => [edge(index), edge(index + 1) - edge(index), colour]);
}

/** Return where the block is in picture `count`; it is `HEIGHT / 6` in size, in the lower third. */
export function blockLeft(count) {
  return (count * 4) % (WIDTH - HEIGHT / 6);
}

/** Return Y, Cb and Cr by BT.601 in the limited range. */
export function ycbcr([red, green, blue]) {
  const y = (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
  const [cb, cr] = [(blue / 255 - y) / 1.772, (red / 255 - y) / 1.402];
  return [16 + 219 * y, 128 + 224 * cb, 128 + 224 * cr].map(Math.round);
}

/** Return red, green and blue of the inverse. */
export function rgb([y, cb, cr]) {
  const [luma, b, r] = [(y - 16) / 219, (cb - 128) / 224, (cr - 128) / 224];
  const [red, blue] = [luma + 1.402 * r, luma + 1.772 * b];
  const green = (luma - 0.299 * red - 0.114 * blue) / 0.587;
  return [red, green, blue].map((part) => Math.round(255 * Math.min(1, Math.max(0, part))));
}

/** Return the middles of eight columns at a quarter of the height: our test pattern's bars. */
export function places(width, height) {
  return Array.from({ length: 8 }, (_, index) => [
    Math.floor((width * (2 * index + 1)) / 16), Math.floor(height / 4),
  ]);
}
