// What must be read: one sentence over the page, with a button where there is something to be done about it.
import { element } from '../editor/dom.js';

/** Something to be done. */
export interface NoticeAction {
  readonly label: string;
  readonly run: () => void;
}

/** The place for such sentences. */
export class Notice {
  readonly #place: HTMLElement;

  constructor(place: HTMLElement) {
    this.#place = place;
  }

  /** Says a sentence in place of the one before; '' says nothing more. */
  say(sentence: string, action?: NoticeAction): void {
    this.#place.replaceChildren(sentence);
    if (sentence === '' || !action) return;
    const run = (): void => {
      this.say('');
      action.run();
    };
    this.#place.append(' ', element('button', { type: 'button', on: { click: run } }, action.label));
  }

  /** Takes a sentence back, unless something else has been said since. */
  unsay(sentence: string): void {
    if (this.#place.firstChild?.textContent === sentence) this.say('');
  }
}
