/** Page: from W-GAN to DMD in prose, every formula beside the slider that moves it. */
import { html } from '../page/elements';
import { refuseUnknown } from '../page/link';
import type { Mount, Shown } from '../page/mount';
import { setFormulas } from '../page/tex';
import { parallelLines } from './gan/lines';
import { mount as mountPlane } from './plane';
import { Figure, type FigureOptions } from './story/figure';
import * as figures from './story/figures';

interface Chapter {
  readonly title: string;
  /** Markup; `data-tex` is set as a formula. */
  readonly prose: string;
  readonly figure: FigureOptions;
}

const chapters: readonly Chapter[] = [
  {
    title: 'A judge, and what it hides',
    prose: String.raw`
      <p>Give the generator's samples <i>q</i> and the data <i>p</i> to a discriminator. The best one answers with the
      ratio of the two densities, and its logit is</p>
      <p data-tex="T(x) = log p(x) - log q(x)" data-display></p>
      <p>A generator that is trained against it follows a divergence without being told so. Against the judge
      <span data-tex="D = \sigma(T + C)"></span>, which is best where real and made samples are not equally many, the
      saturating loss follows</p>
      <p data-tex="\frac{1}{1-\beta} JS_\beta(p,q), \; \beta = \sigma(C)" data-display></p>
      <p>So an overconfident judge is not neutral: the larger <i>C</i>, the nearer to the reverse KL divergence, which
      takes one mode and leaves the rest. Move <i>C</i>: the curves stay together. Move
      <span data-tex="\lambda"></span>, the judge's sharpness, and they part: no divergence of this kind is left.</p>`,
    figure: figures.ganIsJs,
  },
  {
    title: 'Between covering and seeking',
    prose: String.raw`
      <p>The forward KL divergence asks at the data: is there a sample? The reverse asks at the samples: is there data?
      With <span data-tex="m = \beta p + (1-\beta) q"></span> the two are ends of one scale,</p>
      <p data-tex="JS_\beta = \beta KL(p \Vert m) + (1-\beta) KL(q \Vert m)" data-display></p>
      <p>Divided by <span data-tex="\beta"></span> it becomes the forward KL divergence as
      <span data-tex="\beta \to 0"></span>; divided by <span data-tex="1-\beta"></span>, the reverse as
      <span data-tex="\beta \to 1"></span>.</p>`,
    figure: figures.limits,
  },
  {
    title: 'One letter decides',
    prose: String.raw`
      <p>The same target, the same family, and only <span data-tex="\beta"></span> between them: from one Gaussian over
      everything to one that sits on a mode. <a href="#divergences">All three divergences with their
      landscapes</a>.</p>`,
    figure: figures.fits,
  },
  {
    title: 'The student’s own samples',
    prose: String.raw`
      <p>A language model that learns from a larger one on text that <em>it wrote itself</em> minimises</p>
      <p data-tex="E_{x \sim q} [ log q(x) - log p(x) ] = KL(q \Vert p)" data-display></p>
      <p>which is the reverse KL divergence: on-policy distillation is the same story with words for points. Here the
      student is a Gaussian.</p>`,
    figure: figures.onPolicy,
  },
  {
    title: 'Noise makes them meet',
    prose: String.raw`
      <p>Early on, samples and data do not overlap, and a ratio of densities says nothing of use. Noise both,
      <span data-tex="z = \alpha x + \sigma \epsilon"></span>, and they meet. A diffusion model knows the score of noised
      data, <span data-tex="\epsilon_\phi = - \sigma \nabla log p_\tau"></span>; a second one,
      <span data-tex="\epsilon_\psi"></span>, learns that of noised samples. Their difference is the slope of the
      judge's logit, without a judge:</p>
      <p data-tex="\epsilon_\psi - \epsilon_\phi = \sigma \nabla log \frac{p_\tau}{q_\tau}" data-display></p>
      <p>That is VSD, and DMD's matching. Take <span data-tex="\tau"></span> to zero, and it is the GAN.</p>`,
    figure: figures.vsdIsGan,
  },
  {
    title: 'A point instead of a cloud',
    prose: String.raw`
      <p>Let each particle stand for <span data-tex="N(\theta, h^2)"></span>. The narrower it is, the less there is to
      learn for <span data-tex="\epsilon_\psi"></span>; of a point, the score of the noised sample is the noise
      itself:</p>
      <p data-tex="h = 0: \; \epsilon_\psi(z) = \epsilon" data-display></p>
      <p>SDS is VSD with a point. Take <i>h</i> to zero.</p>`,
    figure: figures.sdsIsVsd,
  },
  {
    title: 'What the second network is for',
    prose: String.raw`
      <p>The mean of <span data-tex="\epsilon_\psi"></span> over <i>q</i> is zero, like that of the noise. It changes no
      mean step of one cloud: it takes variance away, and between many particles it makes room.</p>`,
    figure: figures.variance,
  },
];

const opening = `
  <p class="kicker">One story</p>
  <h2>They all compare samples with data, and follow the difference</h2>
  <p>GANs, score distillation, distribution matching, on-policy distillation: different names, networks and years.
  Written down, each moves a generator by comparing what it makes with what there is. Here every step of that claim has
  a slider.</p>`;

const linesProse = String.raw`
  <p>Start with the case that started W-GAN. The data lie on one line, the samples on another, at a distance
  <span data-tex="\theta"></span>. No density is shared: the KL divergences are infinite, JS is
  <span data-tex="log 2"></span> wherever the second line is, and neither says which way to go. The cost of carrying one
  line to the other does:</p>
  <p data-tex="W_1 = \min E |x - y| = |\theta|" data-display></p>
  <p>What follows is the other way out: blur both until they overlap. <a href="#gan">Five GANs at work</a>.</p>`;

const planeProse = String.raw`
  <p>All of it at once. The same particles, from the same start, with the same noises: under SDS each climbs alone and
  most end on the nearest modes; under VSD they know of each other and spread. DMD divides by its distance to the prior's
  guess,</p>
  <p data-tex="\frac{\hat x_\psi - \hat x_\phi}{mean |x - \hat x_\phi|}" data-display></p>
  <p>and Decoupled DMD draws the noise of matching and of guidance apart.
  <a href="#plane">All seven, with every slider</a>.</p>`;

export const mount: Mount = (query, desk) => {
  const made: Figure[] = [];
  const remember = () => {
    const next = new URLSearchParams();
    for (const figure of made) figure.remember(next);
    desk.remember(next);
  };
  const known = chapters.flatMap(({ figure }) =>
    figure.dials.map(({ name }) => `${figure.id}.${name}`),
  );
  refuseUnknown(query, known);
  const element = html('article', { class: 'story' });
  const header = html('header');
  header.innerHTML = opening;
  element.append(header, chapter('Two lines', linesProse, parallelLines()));
  for (const { title, prose, figure } of chapters) {
    const shown = new Figure(figure, query, remember);
    made.push(shown);
    element.append(chapter(title, prose, shown.element));
  }
  const plane: Shown = mountPlane(new URLSearchParams('methods=sds,vsd'), {
    ...desk,
    remember: () => {},
    // A reader's keys turn the pages.
    keys: false,
  });
  element.append(chapter('On the plane', planeProse, plane.element));
  setFormulas(element);
  return { element, dispose: () => plane.dispose() };
};

function chapter(title: string, prose: string, picture: HTMLElement): HTMLElement {
  const words = html('div', { class: 'prose' });
  words.innerHTML = prose;
  words.prepend(html('h3', {}, title));
  return html('section', { class: 'chapter' }, words, picture);
}
