/** Messages about the connection to the server. */

import { ServerState } from './signaling.js';

/** Return the state of the connection to the server in words. */
export function serverMessage(signaling) {
  switch (signaling.state) {
    case ServerState.CONNECTED:
      return 'Connected';
    case ServerState.CONNECTING:
      return 'Connecting …';
    case ServerState.REFUSED:
      return `The server refused this page (${signaling.refusal})`;
    case ServerState.LOGIN:
      return 'Waiting for a token';
    default:
      return `No connection to the server at ${location.host}; retrying`;
  }
}
