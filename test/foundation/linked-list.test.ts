import { describe, expect, it } from 'vitest';
import { LinkedList, ListNode } from '../../src/foundation/linked-list.js';

function listOf(...values: readonly string[]): {
  readonly list: LinkedList<string>;
  readonly nodes: readonly ListNode<string>[];
} {
  const list = new LinkedList<string>();
  const nodes = values.map((value) => new ListNode(value));
  for (const node of nodes) list.push(node);
  return { list, nodes };
}

function valuesOf(list: LinkedList<string>): { readonly forwards: string[]; readonly backwards: string[] } {
  const forwards: string[] = [];
  const backwards: string[] = [];
  for (let node = list.head; node !== undefined; node = list.after(node)) forwards.push(node.value);
  for (let node = list.tail; node !== undefined; node = list.before(node)) backwards.push(node.value);
  return { forwards, backwards };
}

describe('LinkedList', () => {
  it('loses the first, the last, one in the middle and the only one', () => {
    for (const [leaving, left] of [
      [0, ['b', 'c']],
      [1, ['a', 'c']],
      [2, ['a', 'b']],
    ] as const) {
      const { list, nodes } = listOf('a', 'b', 'c');
      list.remove(nodes[leaving]!);
      expect(valuesOf(list)).toEqual({ forwards: left, backwards: left.toReversed() });
      expect(list.size).toBe(2);
    }
    const { list, nodes } = listOf('a');
    list.remove(nodes[0]!);
    expect([list.head, list.tail, list.size, list.shift()]).toEqual([undefined, undefined, 0, undefined]);
  });

  it('ignores a node of no list and of another list', () => {
    const { list } = listOf('a');
    const other = listOf('b');
    list.remove(other.nodes[0]!);
    list.remove(new ListNode('c'));
    expect(valuesOf(list).forwards).toEqual(['a']);
    expect(valuesOf(other.list).forwards).toEqual(['b']);
  });

  it('takes a node that has left again, at the end', () => {
    const { list, nodes } = listOf('a', 'b');
    list.remove(nodes[0]!);
    list.push(nodes[0]!);
    expect(valuesOf(list).forwards).toEqual(['b', 'a']);
    expect([list.shift(), list.shift(), list.shift()]).toEqual(['b', 'a', undefined]);
  });
});
