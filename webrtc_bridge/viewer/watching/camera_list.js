/** The server's list of cameras, as buttons that open and close them. */

const ORDER = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

/** Return `[id, name]` of `cameras`, a Map of id to name, as people sort them: 2 before 10. */
export function sorted(cameras) {
  return [...cameras].sort(([a, x], [b, y]) => ORDER.compare(x || a, y || b) || ORDER.compare(a, b));
}

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
    sorted(cameras).forEach(([id, name], index) => {
      const button = this.#buttons.get(id) ?? this.#add(id);
      const row = button.closest('li');
      if (this.#element.children[index] !== row) {
        this.#element.insertBefore(row, this.#element.children[index]);
      }
      button.querySelector('.name').textContent = name || id;
      button.querySelector('.id').textContent = name ? id : '';
      button.setAttribute('aria-pressed', String(open.has(id)));
    });
  }

  /** Return a camera's button; undefined if the server does not list it. */
  buttonOf(id) {
    return this.#buttons.get(id);
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
