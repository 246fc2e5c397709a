import { inWords } from '../errors';
import { find } from '../ui/dom';
import { button, html } from './page/elements';
import { placeOf } from './page/link';
import type { Desk, Mount, Shown } from './page/mount';

/** The pages of the lab, each fetched when it is first shown. */
const pages: Readonly<
  Record<string, { readonly title: string; readonly load: () => Promise<{ mount: Mount }> }>
> = {
  story: { title: 'One story', load: () => import('./pages/story') },
  divergences: { title: 'Divergences', load: () => import('./pages/divergences') },
  gan: { title: 'GANs', load: () => import('./pages/gan') },
  plane: { title: 'Score distillation', load: () => import('./pages/plane') },
};
const firstPage = 'story';

const main = find(document, 'main');
const said = find(document, '#said');
const tabs = find(document, 'nav');
let shown: Shown | undefined;
/** Counts visits, so that a page that comes late does not replace a later one. */
let visit = 0;
/** The address that a page wrote by itself. */
let written = '';

for (const [id, { title }] of Object.entries(pages)) {
  tabs.append(html('a', { href: `#${id}`, class: 'quiet' }, title));
}

function say(error: unknown): void {
  const close = button('×', quiet, 'Dismiss');
  close.className = 'icon';
  said.replaceChildren(
    html('div', { class: 'notice' }, html('p', {}, inWords(error, 'Reload the page.')), close),
  );
}

const quiet = () => said.replaceChildren();

async function show(): Promise<void> {
  const mine = ++visit;
  const { page, query } = placeOf(location.hash);
  const known = Object.hasOwn(pages, page) ? page : firstPage;
  const desk: Desk = {
    remember: (settings) => {
      if (mine !== visit) return;
      written = settings.size > 0 ? `#${known}?${settings}` : `#${known}`;
      history.replaceState(null, '', written);
    },
    say,
    quiet,
    keys: true,
  };
  quiet();
  for (const link of tabs.querySelectorAll('a')) {
    if (link.hash === `#${known}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  try {
    const { mount } = await pages[known]!.load();
    if (mine !== visit) return;
    shown?.dispose();
    shown = undefined;
    main.replaceChildren();
    const next = mountOrDefault(mount, query, desk);
    shown = next;
    main.replaceChildren(next.element);
    document.title = `${pages[known]!.title} – the lab – Limbeck`;
  } catch (error) {
    say(error);
  }
}

/** A page of the address's settings, or, where those will not do, of its defaults, and why. */
function mountOrDefault(mount: Mount, query: URLSearchParams, desk: Desk): Shown {
  try {
    return mount(query, desk);
  } catch (error) {
    const shown = mount(new URLSearchParams(), desk);
    say(error);
    return shown;
  }
}

addEventListener('hashchange', () => {
  if (location.hash !== written) void show();
});
void show();
