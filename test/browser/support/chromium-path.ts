/** Where the browser is: what `CHROMIUM` says, else the one that npm installs for Linux on x64; `undefined` without any. */
export async function chromiumPath(): Promise<string | undefined> {
  const given = process.env['CHROMIUM'];
  if (given !== undefined && given !== '') return given;
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const { default: packed } = await import('@sparticuz/chromium');
  return packed.executablePath();
}
