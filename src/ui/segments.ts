/** One of a few choices that exclude each other. */
export interface Segment<T extends string> {
  readonly value: T;
  readonly name: string;
  /** Says more about it, when it is pointed at. */
  readonly title: string;
}

/** A row of choices that exclude each other, in a fieldset of the class `segments`. */
export class Segments<T extends string> {
  readonly #radios: readonly HTMLInputElement[];

  /** @param choose is told of every choice that a visitor makes. */
  constructor(fieldset: HTMLElement, segments: readonly Segment<T>[], choose: (value: T) => void) {
    const labels = segments.map(({ value, name, title }) => {
      const radio = Object.assign(document.createElement('input'), {
        type: 'radio',
        name: fieldset.id,
        value,
      });
      radio.addEventListener('change', () => choose(value));
      const label = Object.assign(document.createElement('label'), { title });
      label.append(radio, Object.assign(document.createElement('span'), { textContent: name }));
      return { label, radio };
    });
    this.#radios = labels.map(({ radio }) => radio);
    fieldset.replaceChildren(...labels.map(({ label }) => label));
  }

  set value(value: T) {
    for (const radio of this.#radios) radio.checked = radio.value === value;
  }
}
