/** The server's list of cameras, as buttons that open and close them. */

export class CameraList {
  #element;
  #onToggle;
  #buttons = new Map();

  /** `onToggle` gets the id of the camera whose button was pressed. */
  constructor(element, onToggle) {
    this.#element = element;
    this.#onToggle = onToggle;
  }

  /** Show `cameras`, a Map of id to name; those in `open` are pressed. */
  show(cameras, open) {
    for (const id of this.#buttons.keys()) {
      if (!cameras.has(id)) {
        this.#buttons.get(id).closest('li').remove();
        this.#buttons.delete(id);
      }
    }
    for (const [id, name] of cameras) {
      const button = this.#buttons.get(id) ?? this.#add(id);
      button.querySelector('.name').textContent = name || id;
      button.querySelector('.id').textContent = name ? id : '';
      button.setAttribute('aria-pressed', String(open.has(id)));
    }
  }

  #add(id) {
    const row = document.getElementById('camera').content.firstElementChild.cloneNode(true);
    const button = row.querySelector('button');
    button.dataset.sender = id;
    button.onclick = () => this.#onToggle(id);
    this.#element.append(row);
    this.#buttons.set(id, button);
    return button;
  }
}
