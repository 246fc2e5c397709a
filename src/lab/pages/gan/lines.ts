/** Figure: two parallel lines, which no density tells apart by degrees (Arjovsky et al., arXiv:1701.07875, example 1). */
import { Chart } from '../../page/chart';
import { html } from '../../page/elements';
import { tex } from '../../page/tex';
import { wasserstein1 } from '../../plane/wasserstein';

const count = 24;
const thetas = Array.from({ length: 81 }, (_, i) => (i - 40) / 40);

const lineAt = (theta: number) =>
  Float64Array.from({ length: 2 * count }, (_, i) =>
    i % 2 === 0 ? theta : (i >> 1) / (count - 1),
  );

/** JS of two sets of points: they share all, or nothing. */
const jsOf = (theta: number) => (theta === 0 ? 0 : Math.LN2);

export function parallelLines(): HTMLElement {
  const chart = new Chart({
    title: 'How far two parallel lines are from each other',
    x: [-1, 1],
    y: [0, 1],
    xName: 'θ',
    height: 180,
  });
  const slider = html('input', { type: 'range', min: '-1', max: '1', step: '0.025', value: '0.6' });
  slider.setAttribute('aria-label', 'θ, where the second line is');
  const said = html('p', { class: 'legend', 'aria-live': 'polite' });
  const distances = thetas.map((theta) => wasserstein1(lineAt(0), lineAt(theta)));
  const show = () => {
    const theta = slider.valueAsNumber;
    chart.set([
      { name: 'W₁: the distance', colour: '--verdigris', xs: thetas, ys: distances },
      { name: 'JS: log 2 but at 0', colour: '--copper', xs: thetas, ys: thetas.map(jsOf) },
      { name: 'θ', colour: '--muted', xs: [theta, theta], ys: [0, 1], dashed: true },
    ]);
    const w = wasserstein1(lineAt(0), lineAt(theta));
    const kl = theta === 0 ? '0' : '∞';
    const slope = theta === 0 ? 'none' : theta > 0 ? '1' : '−1';
    said.textContent = `At θ = ${theta.toFixed(2)}: KL ${kl}, JS ${jsOf(theta).toFixed(3)}, W₁ ${w.toFixed(3)}. Gradient by θ: KL none, JS ${theta === 0 ? 'none' : '0'}, W₁ ${slope}.`;
  };
  slider.addEventListener('input', show);
  show();
  const formula = html('p', { class: 'formulas' });
  formula.append(tex(String.raw`p = (0, u), \; q_\theta = (\theta, u), \; u \sim U(0,1)`));
  chart.element.append(slider, said);
  return html('section', { class: 'card lines' }, formula, chart.element);
}
