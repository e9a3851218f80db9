import type { CaseDetail } from '../case-data.js';
import type { ReportData } from '../report-data.js';
import { answer } from './case-detail.js';
import { el, refill, type Child } from './dom.js';
import type { EmbeddedCases, EmbeddedRow } from './embedded-cases.js';
import { section } from './parts.js';
import { textBlock, visible } from './visible-text.js';

/** The labels that one may give, with their keys. */
const LABELS = [
  { label: 1, name: 'Right', key: '1' },
  { label: 0, name: 'Wrong', key: '0' },
] as const;

/**
 * A mode in which a person labels answers that were drawn at random, without seeing what the evaluator said of them, and
 * takes the labels away as a file.
 */
export function labelling(report: ReportData, cases: EmbeddedCases): Child {
  const { draw } = report;
  if (draw === null) return null;
  const drawn = cases.rows
    .filter(({ label }) => label !== undefined)
    .sort((a, b) => (a.label ?? 0) - (b.label ?? 0));
  if (drawn.length === 0) return null;
  const box = el('div');
  const mode = new Labelling({ draw, drawn, cases, box });
  box.append(el('button', { type: 'button', onclick: () => void mode.show(0) }, 'Label answers'));
  const part = section(
    'Label answers',
    `${draw.n} of ${draw.population} answers were drawn at random, so that the labels can measure the evaluator ` +
      '(anchored). They come in random order: stop wherever you like. What the evaluator said is not shown.',
    box,
  );
  part.classList.add('labelling');
  return part;
}

interface LabellingOptions {
  readonly draw: NonNullable<ReportData['draw']>;
  readonly drawn: readonly EmbeddedRow[];
  readonly cases: EmbeddedCases;
  readonly box: HTMLElement;
}

class Labelling {
  readonly #options: LabellingOptions;
  readonly #labels: (number | null)[];

  constructor(options: LabellingOptions) {
    this.#options = options;
    this.#labels = options.drawn.map(() => null);
  }

  /** Shows an answer to be labelled; behind the last one the way to take the labels away. */
  async show(at: number): Promise<void> {
    const { drawn, cases, box } = this.#options;
    const done = this.#labels.filter((label) => label !== null).length;
    const save = el(
      'button',
      {
        type: 'button',
        class: 'main',
        'aria-disabled': done === 0 ? 'true' : null,
        onclick: () => done > 0 && this.#save(),
      },
      `Download ${done} as labels.jsonl`,
    );
    const back = el(
      'button',
      {
        type: 'button',
        'aria-disabled': at === 0 ? 'true' : null,
        onclick: () => at > 0 && void this.show(at - 1),
      },
      '← Back',
    );
    const row = drawn[at];
    if (row === undefined) {
      refill(
        box,
        el('p', { role: 'status' }, `All ${drawn.length} answers are labelled.`),
        el('div', { class: 'buttons' }, back, save),
      );
      save.focus();
      return;
    }
    const detail = await cases.detail(row);
    const card = el(
      'div',
      {
        class: 'label-card',
        tabindex: '-1',
        role: 'group',
        'aria-label': `Answer ${at + 1} of ${drawn.length}`,
      },
      el('p', { class: 'quiet' }, `Answer ${at + 1} of ${drawn.length}`),
      shown(detail),
      el('div', { class: 'buttons' }, this.#labelButtons(at), back, save),
    );
    card.addEventListener('keydown', ({ key, repeat, ctrlKey, metaKey, altKey }) => {
      if (repeat || ctrlKey || metaKey || altKey) return; // held down, or meant for the browser: Ctrl+0 is its zoom
      const pressed = LABELS.find((each) => each.key === key);
      if (pressed !== undefined) void this.#label(at, pressed.label);
    });
    refill(box, card);
    card.focus();
  }

  /** A button for each label that an answer may be given. */
  #labelButtons(at: number): HTMLElement[] {
    const given = this.#labels[at];
    return LABELS.map(({ label, name, key }) =>
      el(
        'button',
        {
          type: 'button',
          'aria-pressed': String(given === label),
          'aria-keyshortcuts': key,
          onclick: () => void this.#label(at, label),
        },
        `${name} (${key})`,
      ),
    );
  }

  async #label(at: number, label: number): Promise<void> {
    this.#labels[at] = label;
    await this.show(at + 1);
  }

  /** Hands the labels to the browser as a file, in the form that `readLabels` reads. */
  #save(): void {
    const { draw, drawn } = this.#options;
    const probability = draw.n / draw.population;
    const lines = drawn.map(({ caseId, repetition }, i) =>
      JSON.stringify({ ...draw, caseId, repetition, probability, label: this.#labels[i] }),
    );
    const url = URL.createObjectURL(new Blob([`${lines.join('\n')}\n`], { type: 'application/jsonl' }));
    el('a', { href: url, download: 'labels.jsonl' }).click();
    URL.revokeObjectURL(url);
  }
}

function shown(detail: CaseDetail): Child {
  const { messages, expected } = detail;
  return [
    el('h3', {}, 'Input'),
    messages.length === 0
      ? el('p', { class: 'quiet' }, 'The store has not kept what was asked.')
      : messages.map(({ role, content }) => [
          role !== '' && visible('strong', role, { class: 'role' }),
          textBlock(content),
        ]),
    expected !== null && [el('h3', {}, 'Expected'), textBlock(expected)],
    el('h3', {}, 'Answer'),
    answer({ ...detail, reasoning: null }, []),
  ];
}
