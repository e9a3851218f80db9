import type { KeptCase } from '../kept-case.js';
import type { SqliteStatement } from './sqlite-driver.js';

/** Most cases that are not in the index yet. */
const UNINDEXED = 4096;
/** Key of the index's own entry: up to which case it goes. */
const END = '';
const NONE: ReadonlyMap<string, number> = new Map();

/**
 * The cases of a database, each content once. No transactions of its own.
 *
 * Hashes come in no order: put into their index one by one, each dirtied a page of its own, 10 us a case at 60,000 and 50
 * at 200,000. So the newest cases are not in the index but in a map, which is made of the table itself, and go into the
 * index together (docs/decisions/case-index.md).
 */
export class SqliteCases {
  readonly #prepared: (sql: string) => SqliteStatement;
  /** Cases after {@link SqliteCases.#end}, by hash. */
  #newest = new Map<string, number>();
  #end = 0;
  #last = 0;

  /** `prepared` gives the statement of a text, prepared once. */
  constructor(prepared: (sql: string) => SqliteStatement) {
    this.#prepared = prepared;
  }

  /** Stores those that are not there yet; returns the length of the text of all. Within a transaction. */
  append(cases: readonly KeptCase[]): number {
    if (cases.length === 0) return 0;
    this.#refresh();
    const insert = this.#prepared('INSERT INTO evaluation_cases (id, hash, content) VALUES (?, ?, ?)');
    const indexed = this.#indexed(cases.map(({ hash }) => hash));
    let size = 0;
    for (const { hash, text } of cases) {
      size += text.length;
      if (this.#newest.has(hash) || indexed.has(hash)) continue;
      this.#last += 1;
      insert.run(this.#last, hash, text);
      this.#newest.set(hash, this.#last);
    }
    if (this.#newest.size >= UNINDEXED) this.#index();
    return size;
  }

  /** The text of each case that is there. */
  texts(hashes: readonly string[]): (string | undefined)[] {
    if (hashes.length === 0) return [];
    this.#refresh();
    const indexed = this.#indexed(hashes);
    const select = this.#prepared('SELECT content FROM evaluation_cases WHERE id = ? AND hash = ?');
    return hashes.map((hash) => {
      const id = this.#newest.get(hash) ?? indexed.get(hash);
      if (id === undefined) return undefined;
      return (select.get(id, hash) as { content: string } | undefined)?.content;
    });
  }

  /** Forgets what it knows: a transaction was undone. */
  forget(): void {
    this.#newest = new Map();
    this.#end = 0;
    this.#last = 0;
  }

  /** Those that the index has, by hash. A host may have deleted the case of an entry. */
  #indexed(hashes: readonly string[]): ReadonlyMap<string, number> {
    if (this.#end === 0) return NONE;
    const found = this.#prepared(
      `SELECT value AS hash, evaluation_cases.id FROM json_each(?)
       CROSS JOIN evaluation_case_index ON evaluation_case_index.hash = value
       CROSS JOIN evaluation_cases ON evaluation_cases.id = case_id AND evaluation_cases.hash = value`,
    ).all(JSON.stringify(hashes)) as { hash: string; id: number }[];
    return new Map(found.map(({ hash, id }) => [hash, id]));
  }

  /** Learns what other connections have stored. */
  #refresh(): void {
    const row = this.#prepared('SELECT case_id FROM evaluation_case_index WHERE hash = ?').get(END);
    const end = (row as { case_id: number } | undefined)?.case_id ?? 0;
    if (end !== this.#end) {
      this.forget();
      this.#end = end;
      this.#last = end;
    }
    const newer = this.#prepared('SELECT id, hash FROM evaluation_cases WHERE id > ?').all(this.#last);
    for (const { id, hash } of newer as { id: number; hash: string }[]) {
      this.#newest.set(hash, id);
      this.#last = id;
    }
  }

  /** Takes the newest cases into the index, in its order. */
  #index(): void {
    this.#prepared(
      `INSERT OR REPLACE INTO evaluation_case_index (hash, case_id)
       SELECT hash, id FROM evaluation_cases WHERE id > ? ORDER BY hash`,
    ).run(this.#end);
    this.#prepared('INSERT OR REPLACE INTO evaluation_case_index (hash, case_id) VALUES (?, ?)').run(
      END,
      this.#last,
    );
    this.forget();
  }
}
