import axe from 'axe-core';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';

/** Set by the global set-up of the project: tests are skipped without a browser. */
export const hasChromium = process.env['ASSAYKIT_CHROMIUM'] !== undefined;

/** A page with what happened in it. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors, messages of the console and refusals of the page's policy. */
  readonly problems: readonly string[];
  /** Addresses of all requests. */
  readonly requests: readonly string[];
}

/** A browser for the tests of a file. */
export function useChromium(): {
  open(address: string, options?: BrowserContextOptions): Promise<WatchedPage>;
} {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: process.env['ASSAYKIT_CHROMIUM'] as string,
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    });
  });
  afterAll(() => browser?.close());
  return {
    async open(address, options = {}) {
      const context = await (browser as Browser).newContext({ acceptDownloads: true, ...options });
      const page = await context.newPage();
      const problems: string[] = [];
      const requests: string[] = [];
      page.on('console', (message) => problems.push(`${message.type()}: ${message.text()}`));
      page.on('pageerror', (error) => problems.push(`error: ${error.message}`));
      page.on('dialog', (dialog) => {
        problems.push(`dialog: ${dialog.message()}`);
        void dialog.dismiss();
      });
      page.on('request', (request) => requests.push(request.url()));
      await page.addInitScript(() => {
        document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
          console.error(`refused by policy: ${violatedDirective} ${blockedURI}`),
        );
      });
      await page.goto(address);
      return { page, problems, requests };
    },
  };
}

/** What axe-core finds wrong with a page as it stands: a line each. */
export async function axeViolations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    (window as unknown as { readonly axe: typeof axe }).axe.run(document, { resultTypes: ['violations'] }),
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
}
