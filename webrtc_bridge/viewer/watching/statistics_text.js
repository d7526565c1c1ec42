/** A stream's statistics as text. */

import { bitrateText, digits } from '../shared/number_text.js';

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
