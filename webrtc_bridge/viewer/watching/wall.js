/** Arranges the tiles so that they fill the window and none is outside of it. */

import { GAP, lookOf, TileLook, wallLayout } from './wall_layout.js';

export class Wall {
  #grid;
  #tiles = new Set();
  #frame = null;
  #observer = new ResizeObserver(() => this.arrange());

  /** `grid` holds the tiles; `above` are the elements whose height leaves less for it. */
  constructor(grid, above) {
    this.#grid = grid;
    grid.style.setProperty('--gap', `${GAP}px`);
    [grid.parentElement, ...above].forEach((element) => this.#observer.observe(element));
    addEventListener('resize', () => this.arrange());
  }

  add(tile) {
    this.#tiles.add(tile);
    this.#grid.append(tile.element);
    this.#observer.observe(tile.chrome); // its lines break by its width
    this.arrange();
  }

  remove(tile) {
    this.#tiles.delete(tile);
    this.#observer.unobserve(tile.chrome);
    this.arrange();
  }

  /** Arrange the tiles before the next picture of the page. */
  arrange() {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null;
      if (this.#tiles.size > 0) {
        this.#arrange([...this.#tiles]);
      }
    });
  }

  #arrange(tiles) {
    const wall = { ...this.#room(), aspects: tiles.map(({ aspect }) => aspect) };
    const look = lookOf(wall);
    const chrome = look === TileLook.CARD ? Math.max(...tiles.map(heightBelow)) : 0;
    const { columns, widths } = wallLayout({ ...wall, chrome });
    this.#grid.style.setProperty('--columns', columns);
    this.#grid.style.setProperty('--column', `${Math.max(...widths)}px`);
    tiles.forEach(({ element }, index) => {
      element.classList.toggle('overlay', look === TileLook.OVERLAY);
      element.style.setProperty('--width', `${widths[index]}px`);
    });
  }

  #room() {
    const top = this.#grid.getBoundingClientRect().top + scrollY;
    const bottom = parseFloat(getComputedStyle(document.body).paddingBottom);
    return { width: this.#grid.clientWidth, height: innerHeight - top - bottom };
  }
}

/** Return by how much a card is higher than its picture, its two border lines included. */
function heightBelow({ chrome }) {
  return Math.ceil(chrome.getBoundingClientRect().height) + 2;
}
