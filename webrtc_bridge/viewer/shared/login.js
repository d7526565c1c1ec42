/**
 * The token by which a page gets into the server: kept for this tab alone, and never in an address
 * that leaves the browser.
 */

import { ServerState } from './signaling.js';

const KEPT = 'webrtc_bridge.token';

const WORDS = {
  'token: none given': 'This server asks for a token.',
  'token: wrong': 'That token is wrong.',
  'token: expired': 'That token has expired.',
  'token: not valid yet': 'That token is not valid yet.',
};

/** Return the token of this tab; '' without one. `#token=…` in the address brings one along. */
export function keptToken() {
  const [, brought] = location.hash.match(/^#token=(.+)$/) ?? [];
  if (brought) {
    keepToken(decodeURIComponent(brought));
    history.replaceState(null, '', location.pathname + location.search);
  }
  try {
    return sessionStorage.getItem(KEPT) ?? '';
  } catch {
    return brought ? decodeURIComponent(brought) : '';
  }
}

function keepToken(token) {
  try {
    sessionStorage.setItem(KEPT, token);
  } catch {
    // Some browsers keep nothing in private windows: then it is asked for again.
  }
}

/** The form that asks for the token while the server wants another one. */
export class Login {
  #form = document.getElementById('login');
  #input = document.getElementById('token');
  #words = document.getElementById('login-words');
  #signaling = null;

  constructor() {
    this.#form.onsubmit = (event) => {
      event.preventDefault();
      const token = this.#input.value.trim();
      this.#input.value = '';
      keepToken(token);
      this.#signaling.logIn(token);
    };
  }

  /** Show or hide it, as `signaling`, which may be null, wants. */
  show(signaling) {
    const wanted = signaling?.state === ServerState.LOGIN;
    const appears = wanted && this.#form.hidden;
    this.#signaling = signaling;
    this.#form.hidden = !wanted;
    if (wanted) {
      this.#words.textContent = signaling.refusal === 'forbidden'
        ? `That token does not give the right to do this (${signaling.refusalWords}).`
        : WORDS[signaling.refusal] ?? signaling.refusal;
    }
    if (appears) {
      this.#input.focus();
    }
  }
}
