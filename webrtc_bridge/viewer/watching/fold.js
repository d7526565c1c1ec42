/** Folds the list of cameras on small screens while one is shown; `viewer.css` knows which are. */

export class Fold {
  #button;
  #choice;
  #unfolded = false;

  /** `button` unfolds and folds `choice`. */
  constructor(button, choice) {
    this.#button = button;
    this.#choice = choice;
    button.onclick = () => this.#set(!this.#unfolded);
  }

  /** Note whether a camera is shown. */
  show(watching) {
    document.body.classList.toggle('watching', watching);
  }

  fold() {
    const focused = this.#choice.contains(document.activeElement) ? document.activeElement : null;
    this.#set(false);
    if (focused) {
      this.focus(focused);
    }
  }

  /** Move the focus to a button of the list, or, where that is folded, to what unfolds it. */
  focus(button) {
    (button?.offsetParent ? button : this.#button).focus();
  }

  #set(unfolded) {
    this.#unfolded = unfolded;
    document.body.classList.toggle('unfolded', unfolded);
    this.#button.setAttribute('aria-expanded', String(unfolded));
  }
}
