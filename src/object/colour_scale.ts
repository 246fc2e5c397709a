/** What stands for full in colours whose largest component is this: some programs write 0 to 1, some 0 to 255. */
export const colourScale = (largest: number): number => (largest > 2 ? 255 : 1);

/** A component without what no display shows. */
export const within = (value: number): number => Math.min(Math.max(value, 0), 1);
