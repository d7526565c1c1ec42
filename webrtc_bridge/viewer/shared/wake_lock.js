/** Keeps the screen on while somebody wants that; a phone that sleeps shows and sends nothing. */

export class WakeLock {
  #wanted = false;
  #asking = false;
  #lock = null;

  constructor() {
    // The browser takes it away from a page that is hidden.
    document.addEventListener('visibilitychange', () => this.#apply());
  }

  want(wanted) {
    if (this.#wanted !== wanted) {
      this.#wanted = wanted;
      this.#apply();
    }
  }

  async #apply() {
    if (!this.#wanted) {
      this.#lock?.release();
      this.#lock = null;
      return;
    }
    const held = this.#lock && !this.#lock.released;
    if (held || this.#asking || document.visibilityState !== 'visible') {
      return;
    }
    this.#asking = true;
    try {
      this.#lock = (await navigator.wakeLock?.request('screen')) ?? null;
    } catch (error) {
      console.debug('wake lock:', error); // the battery is low, or the page may not
    } finally {
      this.#asking = false;
    }
    if (!this.#wanted) {
      this.#apply();
    }
  }
}
