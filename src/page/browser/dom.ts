/** What an element may be given: attributes by name, and listeners by `on` and the event. `null` and `false`: nothing. */
export type Properties = Readonly<
  Record<string, string | number | boolean | null | undefined | ((event: Event) => void)>
>;

/** What an element may hold. Text becomes a text node, never markup. */
export type Child = Node | string | null | undefined | false | readonly Child[];

/** Makes an element of HTML. */
export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  return filled(document.createElement(tag), properties, children);
}

/** Makes an element of SVG. */
export function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  properties: Properties = {},
  ...children: Child[]
): SVGElementTagNameMap[Tag] {
  return filled(document.createElementNS('http://www.w3.org/2000/svg', tag), properties, children);
}

function filled<E extends Element>(element: E, properties: Properties, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  append(element, children);
  return element;
}

/** Appends children. */
export function append(parent: Element, children: Child): void {
  if (children === null || children === undefined || children === false) return;
  if (typeof children === 'string' || children instanceof Node) parent.append(children);
  else for (const child of children) append(parent, child);
}

/** Replaces what an element holds. */
export function refill(parent: Element, ...children: Child[]): void {
  parent.textContent = '';
  append(parent, children);
}

let ids = 0;
/** An id that the page does not have yet, to name one element from another. */
export const newId = (): string => `a${++ids}`;
