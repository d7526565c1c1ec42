// Video for stacks that neither encode nor decode: RTP, as in their examples.

import { spawn } from 'node:child_process';
import dgram from 'node:dgram';
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { reportPictures } from './lines.mjs';

export const PAYLOAD_TYPE = 96;
export const SSRC = 4321;

// Node finds its packages from where this folder is linked to.
const FOLDER = dirname(realpathSync(fileURLToPath(import.meta.url)));

function python(name, ...programArguments) {
  const path = join(FOLDER, '..', name);
  const stdio = ['pipe', 'pipe', 'inherit'];
  return spawn(process.env.PYTHON, [path, ...programArguments.map(String)], { stdio });
}

/** Start a film, and call `onPacket` with each of its RTP packets. */
export function film(codec, parameters, onPacket) {
  const socket = dgram.createSocket('udp4', onPacket);
  socket.bind(0, '127.0.0.1', () =>
    python('film.py', codec, socket.address().port, PAYLOAD_TYPE, SSRC, ...parameters));
}

/** Start a decoder; `onPacket` takes its RTP packets, and its pictures are reported. */
export class Decoder {
  #socket = dgram.createSocket('udp4');
  #port;
  #seen = { frames: 0 };
  #bytes = 0;
  #reporting = null;

  constructor(codec) {
    const lines = createInterface(python('decode.py', codec).stdout);
    this.#port = new Promise((resolve) => {
      lines.on('line', (line) => {
        const value = JSON.parse(line);
        if (value.port) resolve(value.port);
        else {
          this.#seen = value;
          this.#reporting?.onPicture();
        }
      });
    });
  }

  /** Wait until it runs, and report pictures from now on. */
  async start() {
    this.#port = await this.#port;
    this.#reporting = reportPictures(() => ({ ...this.#seen, bytes: this.#bytes }));
  }

  onPacket(packet) {
    this.#bytes += packet.length;
    this.#socket.send(packet, this.#port, '127.0.0.1');
  }
}

/** Return the payload type in `sdp` of a codec with all of `parameters`, and its parameters. */
export function format(sdp, codec, parameters) {
  for (const [, payloadType] of sdp.matchAll(new RegExp(`a=rtpmap:(\\d+) ${codec}/`, 'g'))) {
    const found = sdp.match(new RegExp(`a=fmtp:${payloadType} (.*?)\\s`))?.[1] ?? '';
    if (parameters.every((each) => found.includes(each))) {
      return { payloadType: Number(payloadType), parameters: found };
    }
  }
  throw new Error(`no ${codec} is offered`);
}
