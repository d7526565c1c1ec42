/** Numbers with their units, as people read them. */

export function bitrateText(bitsPerSecond) {
  return bitsPerSecond >= 1e6
    ? `${digits(bitsPerSecond / 1e6)} Mbit/s`
    : `${Math.round(bitsPerSecond / 1e3)} kbit/s`;
}

/** Return `value` with a decimal where that is more than its noise. */
export function digits(value) {
  return value === 0 || value >= 10 ? `${Math.round(value)}` : value.toFixed(1);
}
