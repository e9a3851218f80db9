import type { StoredRun, StoredRuns } from '../dashboard-data.js';
import { quotedIfBlank } from '../../foundation/plain-text.js';
import { count } from '../../foundation/counted.js';
import { duration, money, score } from '../figures.js';
import { runAddress } from './addresses.js';
import { askServer } from './ask-server.js';
import { labelled } from './case-table.js';
import { el, refill } from './dom.js';
import { KeyedTable } from './keyed-table.js';
import { stateTone } from './live-tables.js';
import type { View } from './live-view.js';

const STEP = 100;
const MOST_RUNS = 1000;
const LOOK_AGAIN_MS = 4000;

/** The runs of the store, newest first; looked at again while the page is seen. */
export function runsView(): View {
  return new RunsView();
}

class RunsView implements View {
  readonly element: HTMLElement;
  readonly #status = el('p', { class: 'quiet', role: 'status' }, 'Reading …');
  readonly #table = runList();
  readonly #more = el(
    'button',
    { type: 'button', hidden: true, onclick: () => this.#showMore() },
    'Show older runs',
  );
  readonly #search = el('input', {
    type: 'search',
    placeholder: 'id, evaluator, model, tag or description',
    oninput: () => this.#fill(),
  });
  #found: StoredRuns = { runs: [], more: false };
  #limit = STEP;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor() {
    this.element = el(
      'div',
      {},
      el('h1', {}, 'Runs'),
      el(
        'form',
        { class: 'filters', role: 'search', onsubmit: (event) => event.preventDefault() },
        labelled('Search', this.#search),
      ),
      this.#status,
      this.#table.element,
      el('p', {}, this.#more),
    );
    void this.#look();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #showMore(): void {
    this.#limit = Math.min(MOST_RUNS, this.#limit + STEP);
    clearTimeout(this.#timer);
    void this.#look();
  }

  async #look(): Promise<void> {
    if (!document.hidden)
      try {
        this.#found = await askServer<StoredRuns>('/runs', { asked: { limit: this.#limit } });
        this.#fill();
      } catch (error) {
        refill(
          this.#status,
          el('span', { class: 'bad' }, `The runs could not be read: ${(error as Error).message}`),
        );
      }
    if (!this.#closed) this.#timer = setTimeout(() => void this.#look(), LOOK_AGAIN_MS);
  }

  #fill(): void {
    const { runs, more } = this.#found;
    const wanted = this.#search.value.toLowerCase();
    const shown = runs.filter(({ runId, evaluator, models, tags, description }) =>
      [runId, evaluator, description, ...models, ...tags].some((text) => text.toLowerCase().includes(wanted)),
    );
    this.#table.show(shown);
    const said = `${count(shown.length)} of the newest ${count(runs.length)} runs${more ? '; there are older ones' : ''}.`;
    if (this.#status.textContent !== said) refill(this.#status, said);
    this.#more.hidden = !more || this.#limit === MOST_RUNS;
  }
}

const runList = (): KeyedTable<StoredRun> =>
  new KeyedTable<StoredRun>({
    label: 'Runs of the store',
    empty: 'No run.',
    key: ({ runId }) => runId,
    link: ({ runId }) => runAddress(runId),
    columns: [
      { name: 'Run', text: ({ runId }) => quotedIfBlank(runId) },
      { name: 'State', text: ({ state }) => state, tone: ({ state }) => stateTone(state) },
      { name: '#Score (interval)', text: scoreOf },
      { name: '#Results', text: ({ results }) => count(results) },
      {
        name: '#Errored',
        text: ({ errored }) => count(errored),
        tone: ({ errored }) => (errored > 0 ? 'bad' : ''),
      },
      { name: '#Took', text: ({ durationMs }) => duration(durationMs) },
      { name: '#Cost', text: ({ cost }) => money(cost) },
      { name: 'Started', text: ({ startedAt }) => new Date(startedAt).toLocaleString() },
      { name: 'Evaluator', text: ({ evaluator }) => evaluator },
      { name: 'Models', text: ({ models }) => models.join(', ') },
      { name: 'Tags', text: ({ tags }) => tags.join(', ') },
      { name: 'Description', text: ({ description }) => description },
    ],
  });

const scoreOf = ({ mean, low, high }: StoredRun): string =>
  low === null || high === null ? score(mean) : `${score(mean)} (${score(low)} to ${score(high)})`;
