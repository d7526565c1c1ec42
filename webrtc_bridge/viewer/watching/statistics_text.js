/** A stream's statistics as text. */

/** Return the text of each statistic; '' if it is unknown. */
export function statisticsText(statistics, delay) {
  const { width, height, fps, bitrate, loss, roundTrip, path, codec } = statistics;
  return {
    resolution: width ? `${width}×${height}` : '',
    fps: ifKnown(fps, (value) => `${Math.round(value)} fps`),
    bitrate: ifKnown(bitrate, bitrateText),
    loss: ifKnown(loss, (value) => `${digits(value * 100)} %`),
    'round-trip': ifKnown(roundTrip, (value) => `${digits(value)} ms`),
    delay: ifKnown(delay, (value) => `${digits(value)} ms`),
    path,
    codec,
  };
}

function ifKnown(value, text) {
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
