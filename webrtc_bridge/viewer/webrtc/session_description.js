/** Session descriptions (SDP) as text. */

const MOST_NAMES = 8;
const REPAIR = /^(rtx|red|ulpfec|flexfec-03)$/i; // carry no video of their own
const ABOUT_A_FORMAT = /^a=(?:rtpmap|fmtp|rtcp-fb):(\d+) /;

/** Return the names of the video codecs, each once, and not more than a few. */
export function videoCodecs(sdp) {
  const [, ...sections] = sdp.split(/^m=/m);
  const videos = sections.filter((section) => section.startsWith('video'));
  const names = videos.flatMap((section) =>
    [...section.matchAll(/^a=rtpmap:\d+ ([\w-]{1,40})\//gm)].map(([, name]) => name));
  return [...new Set(names)].filter((name) => !REPAIR.test(name)).slice(0, MOST_NAMES);
}

/**
 * Return `sdp` without lines about formats that are not in it.
 *
 * Firefox 153 writes a=rtcp-fb for the codecs that were left out by setCodecPreferences(), and
 * Chromium refuses the whole description.
 */
export function withoutUnusedFormats(sdp) {
  let formats = [];
  const isUsed = (line) => {
    if (line.startsWith('m=')) {
      formats = line.split(' ').slice(3);
    }
    const [, format] = line.match(ABOUT_A_FORMAT) ?? [];
    return !format || formats.includes(format);
  };
  return sdp.split('\r\n').filter(isUsed).join('\r\n');
}
