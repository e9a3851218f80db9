// A browser under a POSIX locale may name a language that `Intl` refuses (`en-US@posix`), with which uPlot fails as it is
// loaded: imported before it.
try {
  Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en-US', configurable: true });
}
