// A client's part of docs/protocol.md, with one session at a time.

import { report, startClock } from './lines.mjs';

const Socket = globalThis.WebSocket ?? (await import('ws')).default;

/**
 * Register and take part in sessions.
 *
 * `connect(onCandidate)` returns a peer with `offer()`, `answer(sdp)`, `accept(sdp)`,
 * `candidate(candidate)` and `close()`; a viewer asks for the sender `id`, a sender has that id.
 */
export function join(role, url, id, connect) {
  const socket = new Socket(role === 'send' ? `${url}/sender?id=${id}` : `${url}/receiver`);
  let peer = null;
  let session = {};
  let turn = Promise.resolve();

  const send = (message) => socket.send(JSON.stringify({ ...message, ...session }));
  const open = (party) => {
    peer?.close();
    session = party;
    peer = connect((candidate) => send({ type: 'candidate', candidate }));
  };
  const takers = {
    registered: () => report('registered'),
    sender: (message) => {
      if (message.sender_id !== id || peer) return;
      startClock();
      send({ type: 'request_offer', sender_id: id });
    },
    request_offer: async ({ receiver_id, session_id }) => {
      startClock();
      open({ receiver_id, session_id });
      send({ type: 'offer', offer: { type: 'offer', sdp: await peer.offer() } });
    },
    offer: async ({ offer, sender_id, session_id }) => {
      open({ sender_id, session_id });
      send({ type: 'answer', answer: { type: 'answer', sdp: await peer.answer(offer.sdp) } });
    },
    answer: ({ answer }) => peer.accept(answer.sdp),
    candidate: ({ candidate }) => candidate && peer.candidate(candidate),
    bye: ({ reason }) => report('bye', reason ?? ''),
    error: (message) => report('error', message),
  };
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    turn = turn
      .then(() => takers[message.type]?.(message))
      .catch((error) => report('failed', String(error)));
  };
}
