/** Shows the controls of a tile while somebody uses it, and lets them fade afterwards. */

const AWAKE_MS = 3000;

export class Waking {
  #element;
  #timer = null;

  /** `element` has the attribute data-awake while its controls are to be seen. */
  constructor(element) {
    this.#element = element;
    // A finger's first tap only shows the controls: it must not press what it cannot see.
    element.addEventListener('click', () => this.wake());
    element.addEventListener('focusin', () => this.wake());
    this.#onMouse('pointermove', () => this.wake());
    this.#onMouse('pointerdown', () => this.wake());
    this.#onMouse('pointerleave', () => this.#sleep());
  }

  wake() {
    clearTimeout(this.#timer);
    this.#element.dataset.awake = '';
    this.#timer = setTimeout(() => this.#sleep(), AWAKE_MS);
  }

  close() {
    clearTimeout(this.#timer);
  }

  #sleep() {
    delete this.#element.dataset.awake;
  }

  #onMouse(kind, call) {
    this.#element.addEventListener(kind, ({ pointerType }) => pointerType === 'mouse' && call());
  }
}
