/** The statistics that people ask for, from the reports of getStats(); no I/O. */

/** The statistics of no stream. */
export const NOTHING = Object.freeze({
  packets: 0,
  pictures: 0,
  width: null,
  height: null,
  codec: '',
  fps: null,
  bitrate: null,
  loss: null,
  roundTrip: null,
  path: '',
});

export class StreamStatistics {
  #before = null;
  #current = NOTHING;

  /**
   * The newest statistics; null or '' is unknown.
   *
   * `bitrate` is in bit/s, `loss` from 0 to 1, `roundTrip` in milliseconds, `path` direct or
   * relayed; rates are between the two newest reports.
   */
  get current() {
    return this.#current;
  }

  /** Take a report of getStats(). */
  add(report) {
    const entries = [...report.values()];
    const video = entries.find((entry) => entry.type === 'inbound-rtp' && entry.kind === 'video');
    if (!video) {
      return;
    }
    const pair = selectedPair(entries, report);
    this.#current = {
      packets: video.packetsReceived ?? 0,
      pictures: video.framesDecoded ?? 0,
      width: video.frameWidth ?? null,
      height: video.frameHeight ?? null,
      codec: report.get(video.codecId)?.mimeType?.replace('video/', '') ?? '',
      ...this.#rates(video),
      roundTrip: milliseconds(pair?.currentRoundTripTime),
      path: pair ? pathOf(pair, report) : '',
    };
    this.#before = video;
  }

  #rates(video) {
    const before = this.#before;
    if (!before || video.timestamp <= before.timestamp) {
      return { fps: null, bitrate: null, loss: null };
    }
    const seconds = (video.timestamp - before.timestamp) / 1000;
    const grown = (key) => Math.max(0, (video[key] ?? 0) - (before[key] ?? 0));
    const expected = grown('packetsReceived') + grown('packetsLost');
    return {
      fps: grown('framesDecoded') / seconds,
      bitrate: (8 * grown('bytesReceived')) / seconds,
      loss: expected ? grown('packetsLost') / expected : null,
    };
  }
}

function milliseconds(seconds) {
  return seconds === undefined ? null : seconds * 1000;
}

function selectedPair(entries, report) {
  const transport = entries.find((entry) => entry.type === 'transport' && entry.selectedCandidatePairId);
  if (transport) {
    return report.get(transport.selectedCandidatePairId);
  }
  // Firefox has no transport entry.
  return entries.find((entry) => entry.type === 'candidate-pair' && entry.selected);
}

function pathOf(pair, report) {
  const ends = [pair.localCandidateId, pair.remoteCandidateId].map((id) => report.get(id));
  return ends.some((end) => end?.candidateType === 'relay') ? 'relayed' : 'direct';
}
