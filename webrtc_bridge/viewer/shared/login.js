/**
 * The token that the server asks a page for: kept for this tab alone, and never in an address that
 * leaves the browser.
 */

import { ServerState } from './signaling.js';

const STORAGE_KEY = 'webrtc_bridge.token';

const MESSAGES = {
  'token: none given': 'This server requires a token.',
  'token: wrong': 'That token is wrong.',
  'token: expired': 'That token has expired.',
  'token: not valid yet': 'That token is not valid yet.',
};

/** Return the token of this tab, or of `#token=…` in the address; '' without one. */
export function storedToken() {
  const [, fromAddress] = location.hash.match(/^#token=(.+)$/) ?? [];
  const given = fromAddress && decoded(fromAddress);
  if (given) {
    storeToken(given);
    history.replaceState(null, '', location.pathname + location.search);
  }
  try {
    return sessionStorage.getItem(STORAGE_KEY) ?? '';
  } catch {
    return given ?? '';
  }
}

/** Return `text` without its percent signs; as it is where they escape nothing. */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function storeToken(token) {
  try {
    sessionStorage.setItem(STORAGE_KEY, token);
  } catch {
    // Some browsers store nothing in private windows: then the page asks again.
  }
}

/** The form that asks for a token while the server does not accept the present one. */
export class Login {
  #form = document.getElementById('login');
  #input = document.getElementById('token');
  #message = document.getElementById('login-message');
  #signaling = null;

  constructor() {
    // The browser's own word for it: https, or this machine itself.
    document.getElementById('login-clear').hidden = window.isSecureContext;
    this.#form.onsubmit = (event) => {
      event.preventDefault();
      const token = this.#input.value.trim();
      this.#input.value = '';
      storeToken(token);
      this.#signaling.logIn(token);
    };
  }

  /** Show the form if `signaling`, which may be null, needs a token; otherwise hide it. */
  show(signaling) {
    const wanted = signaling?.state === ServerState.LOGIN;
    const appears = wanted && this.#form.hidden;
    this.#signaling = signaling;
    this.#form.hidden = !wanted;
    if (wanted) {
      this.#message.textContent = signaling.refusal === 'forbidden'
        ? `That token does not grant the right to do this (${signaling.refusalText}).`
        : MESSAGES[signaling.refusal] ?? signaling.refusal;
    }
    if (appears) {
      this.#input.focus();
    }
  }
}
