/** How the connection to the server is, in plain words. */

import { ServerState } from './signaling.js';

/** Return how the connection to the server is. */
export function serverWords(signaling) {
  switch (signaling.state) {
    case ServerState.CONNECTED:
      return 'Connected';
    case ServerState.CONNECTING:
      return 'Connecting …';
    case ServerState.REFUSED:
      return `The server refused this page (${signaling.refusal})`;
    case ServerState.LOGIN:
      return 'The server waits for a token';
    default:
      return `No connection to the server ${location.host}, trying again`;
  }
}
