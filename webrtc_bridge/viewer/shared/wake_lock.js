/** Keeps the screen on while that is wanted; a sleeping phone neither shows nor sends video. */

export class WakeLock {
  #wanted = false;
  #requesting = false;
  #lock = null;

  constructor() {
    // The browser releases the lock of a hidden page.
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
    if (held || this.#requesting || document.visibilityState !== 'visible') {
      return;
    }
    this.#requesting = true;
    try {
      this.#lock = (await navigator.wakeLock?.request('screen')) ?? null;
    } catch (error) {
      console.debug('wake lock:', error); // the battery is low, or the page lacks permission
    } finally {
      this.#requesting = false;
    }
    if (!this.#wanted) {
      this.#apply();
    }
  }
}
