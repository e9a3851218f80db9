/** A place in a {@link LinkedList}; holds one value and can leave its list in constant time. */
export class ListNode<T> {
  readonly value: T;
  /** The list that it stands in; set by the list. */
  list: LinkedList<T> | undefined = undefined;
  previous: ListNode<T> | undefined = undefined;
  next: ListNode<T> | undefined = undefined;

  constructor(value: T) {
    this.value = value;
  }
}

/**
 * First in, first out, with removal from the middle in constant time: aborting 20,000 waiting calls must not
 * search 20,000 queues. (p-queue's per-task signals block the loop for 2 s at that size.)
 */
export class LinkedList<T> {
  #head: ListNode<T> | undefined;
  #tail: ListNode<T> | undefined;
  #size = 0;

  /** How many values stand in the list. */
  get size(): number {
    return this.#size;
  }

  /** The node that came first. */
  get head(): ListNode<T> | undefined {
    return this.#head;
  }

  /** The node that came last. */
  get tail(): ListNode<T> | undefined {
    return this.#tail;
  }

  /** Puts a node that stands in no list at the end. */
  push(node: ListNode<T>): void {
    node.list = this;
    node.previous = this.#tail;
    node.next = undefined;
    if (this.#tail === undefined) this.#head = node;
    else this.#tail.next = node;
    this.#tail = node;
    this.#size++;
  }

  /** Takes a node out; one that does not stand in this list is ignored. */
  remove(node: ListNode<T>): void {
    if (node.list !== this) return;
    if (node.previous === undefined) this.#head = node.next;
    else node.previous.next = node.next;
    if (node.next === undefined) this.#tail = node.previous;
    else node.next.previous = node.previous;
    node.list = undefined;
    node.previous = undefined;
    node.next = undefined;
    this.#size--;
  }

  /** Takes the first value out. */
  shift(): T | undefined {
    const node = this.#head;
    if (node === undefined) return undefined;
    this.remove(node);
    return node.value;
  }
}
