// Activations of the field. Derivatives are functions of the activation's value, so that the
// backward pass needs no stored inputs (docs/method.md, "Density and colour").

fn sigmoid(x: vec3f) -> vec3f {
  return 1.0 / (1.0 + exp(-clamp(x, vec3f(-30.0), vec3f(30.0))));
}

fn sigmoid_derivative(value: vec3f) -> vec3f {
  return value * (1.0 - value);
}

// log(1 + e^x); the logarithm's series keeps small values exact.
fn softplus(x: f32) -> f32 {
  let u = exp(-abs(x));
  let series = u * (1.0 - u * (0.5 - u * (1.0 / 3.0 - 0.25 * u)));
  return max(x, 0.0) + select(log(1.0 + u), series, u < 0.02);
}

// 1 - e^-value, by its series where the subtraction would cancel.
fn softplus_derivative(value: f32) -> f32 {
  let series = value * (1.0 - value * (0.5 - value * (1.0 / 6.0)));
  return select(1.0 - exp(-value), series, value < 0.02);
}

// e^x held finite; its derivative is its value, also where it is held (as in instant-ngp).
fn truncated_exp(x: f32) -> f32 {
  return exp(min(x, 15.0));
}
