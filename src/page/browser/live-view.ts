import type { LiveState, LiveUpdate } from '../dashboard-data.js';
import { count, things } from '../../foundation/counted.js';
import { duration } from '../figures.js';
import { el, refill } from './dom.js';
import { alertTable, decisionTable, endpointTable, errorTable, runTable } from './live-tables.js';
import { section } from './parts.js';
import { TimeChart } from './time-chart.js';

/** A part of the dashboard that is shown in the place of another one. */
export interface View {
  readonly element: HTMLElement;
  /** Ends what it follows. */
  close(): void;
}

/** What is going on, as the server sends it. `linked`: runs can be opened. */
export function liveView(linked: boolean): View {
  return new LiveView(linked);
}

class LiveView implements View {
  readonly element: HTMLElement;
  readonly #status = el('p', { class: 'state quiet', role: 'status' }, 'Connecting …');
  readonly #runs: ReturnType<typeof runTable>;
  readonly #endpoints = endpointTable();
  readonly #errors = errorTable('Errored cases by code', 'No case has errored.');
  readonly #requestErrors = errorTable('Failed requests by code', 'No request has failed.');
  readonly #alerts = alertTable();
  readonly #decisions = decisionTable();
  readonly #decisionPart: HTMLElement;
  readonly #figures = el('p', { class: 'quiet' });
  readonly #throughput = new TimeChart({
    title: 'Cases a second',
    lines: [{ name: 'finished', dash: [], color: '--accent' }],
    format: (value) => (value === null ? '–' : value.toFixed(value < 10 ? 1 : 0)),
  });
  readonly #latency = new TimeChart({
    title: 'Response time',
    lines: [
      { name: 'median (solid)', dash: [], color: '--accent' },
      { name: '95th percentile (dashed)', dash: [7, 4], color: '--warning' },
      { name: '99th percentile (dotted)', dash: [2, 3], color: '--worse' },
    ],
    format: duration,
  });
  readonly #visibility = (): void => this.#follow();
  #events: EventSource | undefined;

  constructor(linked: boolean) {
    this.#runs = runTable(linked);
    this.#decisionPart = section(
      'Decisions',
      'Each look is over complete pairs only.',
      this.#decisions.element,
    );
    this.#decisionPart.hidden = true;
    this.element = el(
      'div',
      {},
      el('h1', {}, 'Going on'),
      this.#status,
      section('Alerts', '', this.#alerts.element),
      section(
        'Runs',
        'The score is of the results that were submitted first, as far as all of them are finished: what finishes first is no sample.',
        this.#runs.element,
        this.#figures,
      ),
      this.#decisionPart,
      el('div', { class: 'columns' }, this.#throughput.element, this.#latency.element),
      section('Endpoints', '', this.#endpoints.element),
      el(
        'div',
        { class: 'columns' },
        section('Errored cases', '', this.#errors.element),
        section('Failed requests', 'Those included that a retry made good.', this.#requestErrors.element),
      ),
    );
    document.addEventListener('visibilitychange', this.#visibility);
    this.#follow();
  }

  close(): void {
    document.removeEventListener('visibilitychange', this.#visibility);
    this.#leave();
    this.#throughput.close();
    this.#latency.close();
  }

  /** A page that nobody sees follows nothing: browsers allow six connections to one server, over all their pages. */
  #follow(): void {
    if (document.hidden) return this.#leave();
    if (this.#events !== undefined) return;
    const events = (this.#events = new EventSource('/live'));
    events.addEventListener('message', ({ data }: MessageEvent<string>) =>
      this.#show(JSON.parse(data) as LiveUpdate),
    );
    events.addEventListener('error', () => {
      this.#say('Not connected: the run or its dashboard may have ended. Trying again …', true);
      if (events.readyState !== EventSource.CLOSED) return; // it tries again by itself
      this.#leave();
      setTimeout(() => this.#visibility(), 3000);
    });
  }

  #leave(): void {
    this.#events?.close();
    this.#events = undefined;
  }

  #say(text: string, lost: boolean): void {
    this.#status.classList.toggle('lost', lost);
    if (this.#status.textContent !== text) refill(this.#status, text);
  }

  #show({ state, points }: LiveUpdate): void {
    const going = state.runs.filter((run) => run.state === 'running').length;
    const firing = state.alerts.filter(({ status }) => status === 'firing').length;
    this.#say(
      `Following ${things(going, 'run')}${firing > 0 ? `; ${things(firing, 'alert')} firing` : ''}.`,
      false,
    );
    this.#runs.show(state.runs);
    this.#endpoints.show(state.endpoints);
    this.#errors.show(state.errors);
    this.#requestErrors.show(state.requestErrors);
    this.#alerts.show(state.alerts);
    this.#decisions.show(state.decisions);
    this.#decisionPart.hidden = state.decisions.length === 0;
    refill(this.#figures, figuresOf(state));
    this.#throughput.add(points.map(({ at, perSecond }) => ({ at, values: [perSecond] })));
    this.#latency.add(points.map(({ at, p50Ms, p95Ms, p99Ms }) => ({ at, values: [p50Ms, p95Ms, p99Ms] })));
  }
}

function figuresOf({ inFlight, cpuPercent, rssBytes }: LiveState): string {
  const figures = [
    inFlight === null ? '' : `${count(inFlight)} in flight`,
    cpuPercent === null ? '' : `${cpuPercent.toFixed(0)} % of a core`,
    rssBytes === null ? '' : `${count(Math.round(rssBytes / 1e6))} MB`,
  ];
  return figures.filter((figure) => figure !== '').join(' · ');
}
