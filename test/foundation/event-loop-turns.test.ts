import { describe, expect, it } from 'vitest';
import { TurnGiver } from '../../src/foundation/event-loop-turns.js';

describe('TurnGiver', () => {
  it('gives a turn once its time is over, the same one to all, and then begins anew', async () => {
    let now = 0;
    const turns = new TurnGiver(() => now);
    expect(turns.due()).toBeUndefined();
    expect(turns.due(9)).toBeUndefined();
    now = 10;
    const turn = turns.due();
    expect(turn).toBeInstanceOf(Promise);
    expect(turns.due(0)).toBe(turn);
    let turned = false;
    setImmediate(() => (turned = true));
    await turn;
    expect(turned).toBe(false); // asked for before
    expect(turns.due()).toBeUndefined();
    now = 20;
    await turns.due();
    expect(turned).toBe(true);
  });
});
