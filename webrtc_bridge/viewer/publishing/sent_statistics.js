/** What is really sent, of all viewers together, from the reports of getStats(); no I/O. */

import { bitrateText } from '../shared/number_text.js';

export class SentStatistics {
  #before = new Map(); // session to its newest outbound-rtp entry
  #text = '';

  /** Size and rate of the largest video, and the bit rate of all; '' before they are known. */
  get text() {
    return this.#text;
  }

  /** Take the newest reports, a Map of session to its report. */
  add(reports) {
    const entries = [...reports].map(([session, report]) => [session, outbound(report)]);
    const sent = new Map(entries.filter(([, entry]) => entry));
    const rates = [...sent].map(([session, entry]) => bitrate(this.#before.get(session), entry));
    this.#before = sent;
    const [largest] = [...sent.values()].sort((a, b) => pixels(b) - pixels(a));
    const known = rates.filter((rate) => rate !== null);
    this.#text = largest && pixels(largest) && known.length > 0
      ? `${largest.frameWidth}×${largest.frameHeight}, ${Math.round(largest.framesPerSecond ?? 0)} fps, `
        + bitrateText(known.reduce((a, b) => a + b))
      : '';
  }
}

function outbound(report) {
  return [...report.values()].find(({ type, kind }) => type === 'outbound-rtp' && kind === 'video');
}

/** Return the bit rate between two entries of a session; null before there are two. */
function bitrate(before, { bytesSent, timestamp }) {
  const milliseconds = timestamp - (before?.timestamp ?? timestamp);
  return milliseconds > 0 ? (8000 * (bytesSent - before.bytesSent)) / milliseconds : null;
}

function pixels({ frameWidth = 0, frameHeight = 0 }) {
  return frameWidth * frameHeight;
}
