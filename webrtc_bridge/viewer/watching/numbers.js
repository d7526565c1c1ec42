/** A stream's numbers as people read them. */

/** Return the text of each number; '' where it is not known. */
export function numbers(statistics, delay) {
  const { width, height, fps, bitrate, loss, roundTrip, path, codec } = statistics;
  return {
    resolution: width ? `${width}×${height}` : '',
    fps: known(fps, (value) => `${Math.round(value)} fps`),
    bitrate: known(bitrate, bitrateText),
    loss: known(loss, (value) => `${digits(value * 100)} %`),
    'round-trip': known(roundTrip, (value) => `${digits(value)} ms`),
    delay: known(delay, (value) => `${digits(value)} ms`),
    path,
    codec,
  };
}

function known(value, text) {
  return value === null ? '' : text(value);
}

function bitrateText(bitsPerSecond) {
  return bitsPerSecond >= 1e6
    ? `${digits(bitsPerSecond / 1e6)} Mbit/s`
    : `${Math.round(bitsPerSecond / 1e3)} kbit/s`;
}

function digits(value) {
  return value === 0 || value >= 10 ? `${Math.round(value)}` : value.toFixed(1);
}
