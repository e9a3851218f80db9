// The pictures of pages in `docs/images`, from the examples: node scripts/screenshots.mjs (after a build; needs Linux on x64,
// or CHROMIUM with the path of a browser).
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const root = fileURLToPath(new URL('..', import.meta.url));
const images = join(root, 'docs/images');
mkdirSync(images, { recursive: true });
const folder = mkdtempSync(join(tmpdir(), 'assaykit-screenshots-'));
const executablePath =
  process.env.CHROMIUM ?? (await (await import('@sparticuz/chromium')).default.executablePath());
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
try {
  const file = join(folder, 'report.html');
  execFileSync(process.execPath, [join(root, 'examples/html-report.mjs'), file], { stdio: 'inherit' });
  const open = async (colorScheme, height) => {
    const page = await browser.newPage({ colorScheme, viewport: { width: 1120, height } });
    await page.goto(pathToFileURL(file).href);
    await page.locator('.story pre').first().waitFor();
    return page;
  };
  const light = await open('light', 1120);
  await light.screenshot({ path: join(images, 'report-light.png') });
  const dark = await open('dark', 860);
  await dark.locator('.cases button.link').first().click();
  await dark.locator('dialog h3').first().waitFor();
  await dark.screenshot({ path: join(images, 'report-dark.png') });
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
