import type { DashboardParts } from '../dashboard-data.js';
import { placeOf, type Place } from './addresses.js';
import { el, refill } from './dom.js';
import { liveView, type View } from './live-view.js';
import { runView } from './run-view.js';
import { runsView } from './runs-view.js';
import { themeButton } from './theme-button.js';

const parts = JSON.parse(document.getElementById('dashboard')?.textContent ?? '') as DashboardParts;
const main = document.querySelector('main') as HTMLElement;
const links = [
  parts.live && (['live', 'Going on'] as const),
  parts.store && (['runs', 'Runs'] as const),
].filter((link) => link !== false);
const anchors = links.map(([name, title]) => el('a', { href: `#${name}` }, title));

// The token has become a cookie: it need not stay in the history, in bookmarks and on screenshots.
if (location.search !== '') history.replaceState(null, '', `/${location.hash}`);
document.querySelector('.top')?.append(el('nav', { 'aria-label': 'Dashboard' }, anchors), themeButton());

let view: View | undefined;

function show(): void {
  const place: Place = placeOf(location.hash) ?? { name: links[0]?.[0] ?? 'runs' };
  view?.close();
  view = viewOf(place);
  anchors.forEach((anchor, i) => {
    if (links[i]?.[0] === place.name) anchor.setAttribute('aria-current', 'page');
    else anchor.removeAttribute('aria-current');
  });
  refill(main, view.element);
  scrollTo(0, 0);
}

function viewOf(place: Place): View {
  switch (place.name) {
    case 'live':
      return liveView(parts.store);
    case 'runs':
      return runsView();
    case 'run':
      return runView(place.runId, place.baseline);
  }
}

addEventListener('hashchange', show);
show();
