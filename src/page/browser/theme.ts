// Runs in the head, so that the page is never shown in the other colours first.
const dark = matchMedia('(prefers-color-scheme: dark)');
const follow = (): void => {
  document.documentElement.dataset['theme'] = dark.matches ? 'dark' : 'light';
};
follow();
dark.addEventListener('change', follow);
