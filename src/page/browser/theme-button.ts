import { el } from './dom.js';

/** A button that turns the page dark, or light again. */
export function themeButton(): HTMLElement {
  const root = document.documentElement;
  const next = (): string => (root.dataset['theme'] === 'dark' ? 'Light' : 'Dark');
  const button = el(
    'button',
    {
      type: 'button',
      onclick: () => {
        root.dataset['theme'] = next().toLowerCase();
        button.textContent = next();
      },
    },
    next(),
  );
  return button;
}
