import { describe, expect, it } from 'vitest';
import { CaseLanes, type LaneWork } from '../../src/batch/case-lanes.js';
import { nextTurn } from '../../src/foundation/event-loop-turns.js';

interface Task {
  readonly id: number;
  readonly begunAt: number;
}

/** Work on so many tasks, each of which ends when it is told to. */
class Bench implements LaneWork<Task, number> {
  readonly ready: Task[];
  readonly open = new Map<number, () => void>();
  readonly done: number[] = [];
  readonly faults: unknown[] = [];
  turn: Promise<void> | undefined;
  isEnding = (): boolean => false;

  constructor(tasks: number) {
    this.ready = Array.from({ length: tasks }, (_, id) => ({ id, begunAt: 0 }));
  }

  takeCase = (): Task | undefined => this.ready.shift();
  giveBackCase = (task: Task): void => void this.ready.unshift(task);
  isExhausted = (): boolean => this.ready.length === 0;
  awaitTurn = (): Promise<void> | undefined => this.turn;
  run = ({ id }: Task): Promise<number> =>
    new Promise((resolve) =>
      this.open.set(id, () => {
        this.open.delete(id);
        resolve(id);
      }),
    );
  bookResult = (_task: Task, result: number): undefined => void this.done.push(result);
  laneFailed = (error: unknown): void => void this.faults.push(error);

  endAll(): void {
    for (const end of this.open.values()) end();
  }
}

describe('CaseLanes', () => {
  it('has as many cases in flight as it has lanes, and ends when none is left', async () => {
    const work = new Bench(7);
    const run = new CaseLanes(work, { concurrency: 3, now: () => 0 }).run();
    const most: number[] = [];
    while (work.done.length < 7) {
      await nextTurn();
      most.push(work.open.size);
      work.endAll();
    }
    await run;
    expect(Math.max(...most)).toBe(3);
    expect(work.done.sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('begins nothing while it is paused, and gives back what waited for its turn', async () => {
    const work = new Bench(2);
    let letGo = (): void => {};
    work.turn = new Promise((resolve) => (letGo = resolve));
    const lanes = new CaseLanes(work, { concurrency: 1, now: () => 0 });
    const run = lanes.run();
    await nextTurn();
    lanes.pause();
    work.turn = undefined;
    letGo();
    await nextTurn();
    expect([work.open.size, work.ready.map(({ id }) => id)]).toEqual([0, [0, 1]]);
    lanes.open();
    while (work.done.length < 2) {
      await nextTurn();
      work.endAll();
    }
    await run;
    expect(work.done).toEqual([0, 1]);
  });

  it('follows a change of concurrency in both directions', async () => {
    const work = new Bench(20);
    const lanes = new CaseLanes(work, { concurrency: 4, now: () => 0 });
    const run = lanes.run();
    await nextTurn();
    lanes.concurrency = 1;
    work.endAll();
    await nextTurn();
    expect(work.open.size).toBe(1);
    lanes.concurrency = 5;
    await nextTurn();
    expect(work.open.size).toBe(5);
    while (work.done.length < 20) {
      work.endAll();
      await nextTurn();
    }
    await run;
    expect(work.faults).toEqual([]);
  });

  it('ends when the run does, with cases left, and reports a fault of its work', async () => {
    const ending = new Bench(5);
    let over = false;
    ending.isEnding = () => over;
    const run = new CaseLanes(ending, { concurrency: 2, now: () => 0 }).run();
    await nextTurn();
    over = true;
    ending.takeCase = () => undefined;
    ending.isExhausted = () => true;
    ending.endAll();
    await run;
    expect(ending.done).toHaveLength(2);

    const faulty = new Bench(1);
    faulty.run = () => Promise.reject(new Error('broken'));
    await new CaseLanes(faulty, { concurrency: 1, now: () => 0 }).run();
    expect(faulty.faults).toEqual([new Error('broken')]);
  });
});
