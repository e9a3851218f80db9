import type { CaseDetail, CasePage, CaseQuery, CaseRow, CaseSource, CaseTableHead } from '../case-data.js';
import { matchesFilters, rowOrder } from '../case-filters.js';

/** A row as it is embedded: with the place of its detail. */
export interface EmbeddedRow extends CaseRow {
  /** Number of the portion that holds its detail. */
  readonly portion: number;
  /** Position within the portion. */
  readonly position: number;
  /** Position in the order of the labelling mode; absent when it is not drawn. */
  readonly label?: number;
}

/** The cases of a report: rows and details stand in the page itself, compressed. */
export class EmbeddedCases implements CaseSource {
  readonly head: CaseTableHead;
  readonly rows: readonly EmbeddedRow[];
  readonly #portions = new Map<number, Promise<readonly CaseDetail[]>>();
  readonly #searchable = new Map<number, Promise<readonly string[]>>();

  constructor(head: CaseTableHead, rows: readonly EmbeddedRow[]) {
    this.head = head;
    this.rows = rows;
  }

  /** Reads the rows of the page. */
  static async read(head: CaseTableHead): Promise<EmbeddedCases> {
    const portions = document.querySelectorAll('script[data-rows]');
    const read = await Promise.all(
      Array.from(
        portions,
        async ({ textContent }) => JSON.parse(await inflate(textContent ?? '')) as EmbeddedRow[],
      ),
    );
    return new EmbeddedCases(head, read.flat());
  }

  /** The row of a case, where it is in the page. */
  rowsOf({ caseId, repetition }: Pick<CaseRow, 'caseId' | 'repetition'>): readonly EmbeddedRow[] {
    return this.rows.filter((row) => row.caseId === caseId && row.repetition === repetition);
  }

  async page(query: CaseQuery, signal: AbortSignal): Promise<CasePage> {
    const facts = this.rows.filter((row) => matchesFilters(row, query));
    const found =
      query.search === '' ? facts : await this.#holding(facts, query.search.toLowerCase(), signal);
    const compare = rowOrder(query);
    const sorted = compare === undefined ? found : [...found].sort(compare);
    const end = query.offset + query.limit;
    return { rows: sorted.slice(query.offset, end), matches: sorted.length, more: end < sorted.length };
  }

  async detail(row: CaseRow): Promise<CaseDetail> {
    const { portion, position } = row as EmbeddedRow;
    const detail = (await this.#portion(portion))[position];
    if (detail === undefined) throw new Error('it is not in this page');
    return detail;
  }

  /** Rows whose id, question or answer holds a text, wherever it stands. */
  async #holding(rows: readonly EmbeddedRow[], text: string, signal: AbortSignal): Promise<EmbeddedRow[]> {
    const found: EmbeddedRow[] = [];
    for (const row of rows) {
      if (row.caseId.toLowerCase().includes(text)) {
        found.push(row);
        continue;
      }
      let texts = this.#searchable.get(row.portion);
      if (texts === undefined) {
        texts = this.#portion(row.portion).then((details) => details.map(searchableText));
        this.#searchable.set(row.portion, texts);
        await texts;
        signal.throwIfAborted();
      }
      if ((await texts)[row.position]?.includes(text) === true) found.push(row);
    }
    signal.throwIfAborted();
    return found;
  }

  #portion(number: number): Promise<readonly CaseDetail[]> {
    let portion = this.#portions.get(number);
    if (portion === undefined) {
      const block = document.querySelector(`script[data-details="${number}"]`);
      portion = inflate(block?.textContent ?? '').then((text) => JSON.parse(text) as CaseDetail[]);
      this.#portions.set(number, portion);
    }
    return portion;
  }
}

function searchableText({ messages, text }: CaseDetail): string {
  const all = [...messages.map(({ content }) => content), ...(text === null ? [] : [text])];
  return all
    .map((each) => `${each.text}\n${each.tail ?? ''}`)
    .join('\n')
    .toLowerCase();
}

/** Text that was compressed (raw deflate) and written as base64. */
async function inflate(base64: string): Promise<string> {
  const bytes = Uint8Array.from(atob(base64.trim()), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Response(stream).text();
}
