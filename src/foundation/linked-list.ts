/** A place in a {@link LinkedList}; holds one value and can leave its list in constant time. */
export class ListNode<T> {
  readonly value: T;
  /** The list that it stands in; set by the list. */
  list: LinkedList<T> | undefined = undefined;
  /** The list's business, as `next`: its neighbour, or the list's end. */
  previous: ListNode<T> = this;
  next: ListNode<T> = this;

  constructor(value: T) {
    this.value = value;
  }
}

/**
 * First in, first out, with removal from the middle in constant time: aborting 20,000 waiting calls must not
 * search 20,000 queues. (p-queue's per-task signals block the loop for 2 s at that size.)
 *
 * A ring that is closed by a node of its own, so that no place is a special one: with a branch for the first and
 * the last node, V8 compiled nine functions again when for the first time a call left that was not the oldest.
 */
export class LinkedList<T> {
  readonly #end: ListNode<T>;
  #size = 0;

  /** `end` closes the ring; it is of the class of the nodes that will stand in the list, where that is a subclass. */
  constructor(end: ListNode<T> = new ListNode<T>(undefined as T)) {
    this.#end = end;
  }

  /** How many values stand in the list. */
  get size(): number {
    return this.#size;
  }

  /** The node that came first. */
  get head(): ListNode<T> | undefined {
    return this.after(this.#end);
  }

  /** The node that came last. */
  get tail(): ListNode<T> | undefined {
    return this.before(this.#end);
  }

  /** The node behind one that stands in this list. */
  after(node: ListNode<T>): ListNode<T> | undefined {
    return node.next === this.#end ? undefined : node.next;
  }

  /** The node in front of one that stands in this list. */
  before(node: ListNode<T>): ListNode<T> | undefined {
    return node.previous === this.#end ? undefined : node.previous;
  }

  /** Puts a node that stands in no list at the end. */
  push(node: ListNode<T>): void {
    const end = this.#end;
    node.list = this;
    node.previous = end.previous;
    node.next = end;
    end.previous.next = node;
    end.previous = node;
    this.#size++;
  }

  /** Takes a node out; one that does not stand in this list is ignored. */
  remove(node: ListNode<T>): void {
    if (node.list !== this) return;
    node.previous.next = node.next;
    node.next.previous = node.previous;
    node.list = undefined;
    node.previous = node;
    node.next = node;
    this.#size--;
  }

  /** Takes the first value out. */
  shift(): T | undefined {
    const node = this.head;
    if (node === undefined) return undefined;
    this.remove(node);
    return node.value;
  }
}
