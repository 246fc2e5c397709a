/**
 * What a fit to given views is made with. The views are certain, so that a field can be as hard as they show it.
 */
export const ofCertainViews = {
  /** The exponential reaches the densities of a hard surface in a few steps. */
  densityActivation: 'exp',
  /**
   * Adam's ε. Gradients of what shows are around 10⁻⁶, those of what lies behind a surface 10⁻⁹ and less
   * and of either sign: with a smaller ε the inside of an object would wander as fast as its surface learns.
   */
  adam: { epsilon: 1e-8 },
} as const;

/** Views that a step looks at, and the rays along a side of each, spread evenly over it. */
export const stepViews = { count: 8, side: 16 } as const;
