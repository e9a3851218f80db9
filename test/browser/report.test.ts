import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { anchored } from '../../src/decisions/anchored/anchored.js';
import { readLabels } from '../../src/decisions/anchored/read-labels.js';
import { MemoryResultStore } from '../../src/stores/memory-result-store.js';
import { axeViolations, hasChromium, useChromium } from './support/chromium.js';
import { INJECTIONS } from './support/injections.js';
import { storeRun, useReports } from './support/written-report.js';

const store = new MemoryResultStore();
const reports = useReports();

const questions = Array.from({ length: 130 }, (_, i) => ({
  id: `case-${i}`,
  input: [{ role: 'user', content: `What is ${i} and ${i}?` }],
  expected: String(2 * i),
  group: i % 2 === 0 ? 'even' : 'odd',
}));
const numberIn = (input: unknown): number =>
  Number(/\d+/.exec((input as { readonly content: string }[])[0]!.content)![0]);
const found = { tier: 'last', evidence: 1 };
const dimensions = {
  correct: ({ output, expected }: { readonly output: string; readonly expected: string }) => {
    const start = output.indexOf(`=${expected};`) + 1;
    if (start === 0) return { score: 0, reason: `expected ${expected}` };
    return { score: 1, evidence: [{ text: expected, start, end: start + expected.length }], metadata: found };
  },
  brevity: ({ output }: { readonly output: string }) => Math.max(0, 1 - output.length / 100),
};

async function storeBoth(): Promise<void> {
  for (const [runId, wrong] of [
    ['old', 13],
    ['new', 5],
  ] as const) {
    await storeRun(store, {
      runId,
      cases: questions,
      dimensions,
      answer: (input) => {
        const i = numberIn(input);
        if (i % 40 === 7) throw new Error('the server is gone');
        const answer = `I add: =${2 * i + (i % wrong === 1 ? 1 : 0)}; that is it.`;
        return i === 11 ? `${answer}${'\nand so on'.repeat(60)}` : answer;
      },
    });
  }
}

describe.skipIf(!hasChromium)('a report in a browser', () => {
  const browser = useChromium();
  let address = '';
  beforeAll(async () => {
    await storeBoth();
    address = await reports.write(store, { runId: 'new', baselineRunId: 'old' });
  });

  it.each(['light', 'dark'] as const)(
    'asks for nothing but itself, breaks no rule of its policy and none of accessibility, %s',
    async (colorScheme) => {
      const { page, problems, requests } = await browser.open(address, { colorScheme });
      await page.getByRole('heading', { name: 'Cases', exact: true }).waitFor();
      await page.getByText('What was run').click();
      expect(await axeViolations(page)).toEqual([]);
      await page.getByRole('button', { name: 'Label answers' }).click();
      await page.getByRole('button', { name: 'Right (1)' }).waitFor();
      await page.locator('.cases button.link').first().click();
      await page.locator('dialog').getByRole('heading', { name: 'Answer' }).waitFor();
      expect(await axeViolations(page)).toEqual([]);
      expect(await page.locator('html').getAttribute('data-theme')).toBe(colorScheme);
      expect(problems).toEqual([]);
      expect(requests).toEqual([address]);
      await page.context().close();
    },
  );

  it('tells in order: verdict, baseline, worse, better, groups, scores, failures, cost, cases', async () => {
    const { page } = await browser.open(address);
    await page.getByRole('heading', { name: 'Cases', exact: true }).waitFor();
    expect(await page.locator('.verdict').textContent()).toMatch(/lower than old: −0\.\d+ \(95 % interval/);
    expect(await page.locator('main h2').allTextContents()).toEqual([
      'Against the baseline',
      'What got worse',
      'What got better',
      'Groups',
      'How the scores lie',
      'What failed',
      'Time and cost',
      'Cases',
      'Label answers',
    ]);
    await page.context().close();
  });

  it('finds, filters, sorts and pages its cases', async () => {
    const { page } = await browser.open(address);
    const status = page.locator('.case-table [role=status]');
    const names = page.locator('.cases th[scope=row] button');
    await expect.poll(() => status.textContent()).toBe('1–50 of 130 cases');
    await page.getByRole('button', { name: 'Next →' }).focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => status.textContent()).toBe('51–100 of 130 cases');
    await page.keyboard.press('Enter'); // the focus is where it was
    await expect.poll(() => status.textContent()).toBe('101–130 of 130 cases');
    await page.getByLabel('Search').fill('WHAT IS 77 AND');
    await expect.poll(() => names.allTextContents()).toEqual(['case-77']);
    await page.getByLabel('Search').fill('');
    await page.getByLabel('Outcome').selectOption('errored');
    await expect.poll(() => names.allTextContents()).toEqual(['case-7', 'case-47', 'case-87', 'case-127']);
    await page.getByLabel('Outcome').selectOption('');
    await page.getByLabel('Against baseline').selectOption('to-fail');
    await page.getByLabel('Group', { exact: true }).selectOption('odd');
    await expect.poll(() => names.first().textContent()).toBe('case-11');
    for (const name of await names.allTextContents()) expect(Number(name.slice(5)) % 10).toBe(1);
    await page.getByLabel('Against baseline').selectOption('');
    await page.getByLabel('Score of').selectOption('brevity');
    await page.getByLabel('Sort').selectOption('lowest');
    const scores = page.locator('.cases tbody td.number:nth-of-type(2)');
    await expect.poll(async () => Number(await scores.first().textContent())).toBeLessThan(1);
    const sorted = (await scores.allTextContents()).map(Number);
    expect(sorted).toEqual([...sorted].sort((a, b) => a - b));
    await page.getByLabel('At most').fill('0.1');
    await expect.poll(() => names.allTextContents()).toEqual(['case-11']);
    await page.getByLabel('Outcome').selectOption('passed');
    await expect.poll(() => status.textContent()).toBe('No case matches');
    await page.context().close();
  });

  it('shows a case whole: input, expected, the marked place of the answer, the baseline, scores and times', async () => {
    const { page } = await browser.open(address);
    await page.getByLabel('Search').fill('case-2');
    await page.getByRole('button', { name: 'case-2', exact: true }).click();
    const dialog = page.getByRole('dialog');
    expect(await dialog.locator('mark').textContent()).toBe('4');
    expect(await dialog.locator('.text').first().textContent()).toBe('What is 2 and 2?');
    expect(await dialog.getByText('"tier": "last"').count()).toBe(1);
    expect(await dialog.locator('dt').allTextContents()).toEqual(
      expect.arrayContaining(['Target', 'Evaluation']),
    );
    await dialog.getByRole('button', { name: 'Close' }).click();
    await page.getByLabel('Search').fill('case-11');
    await page.getByRole('button', { name: 'case-11', exact: true }).last().click();
    expect(await dialog.locator('del').allTextContents()).toEqual(['22']);
    expect(await dialog.locator('ins').allTextContents()).toEqual(['23']);
    await page.context().close();
  });

  it('can be used by keyboard alone', async () => {
    const { page } = await browser.open(address);
    await page.getByRole('heading', { name: 'Cases', exact: true }).waitFor();
    const reached = new Set<string>();
    const focused = page.locator(':focus');
    for (let i = 0; i < 200; i++) {
      await page.keyboard.press('Tab');
      if ((await focused.count()) === 0) break;
      reached.add(await focused.evaluate((element) => element.textContent || element.id || element.tagName));
    }
    const controls = page.locator('button:not([aria-disabled=true]), input, select, a[href], summary');
    const all = await controls.evaluateAll((elements) =>
      elements.map((element) => element.textContent || element.id || element.tagName),
    );
    expect(all.length).toBeGreaterThan(60);
    expect(all.filter((each) => !reached.has(each))).toEqual([]);

    await page.locator('.cases button.link').first().focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    const title = dialog.getByRole('heading', { level: 2 });
    await expect.poll(() => title.textContent()).not.toBe('');
    const first = await title.textContent();
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => title.textContent()).not.toBe(first);
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => title.textContent()).toBe(first);
    await page.keyboard.press('Escape');
    await expect.poll(() => dialog.count()).toBe(0);
    expect(await focused.textContent()).toBe(first);
    await page.context().close();
  });

  it('gives labels that anchored takes', async () => {
    const { page } = await browser.open(address);
    const start = page.getByRole('button', { name: 'Label answers' });
    await start.focus();
    await page.keyboard.press('Enter');
    for (let i = 1; i <= 40; i++) {
      const card = page.getByRole('group', { name: `Answer ${i} of 100` });
      await card.waitFor();
      const [question, , answer] = await card.locator('pre.text').allTextContents();
      const number = Number(/\d+/.exec(question!)![0]);
      await page.keyboard.press(answer!.includes(`=${2 * number};`) ? '1' : '0');
    }
    await page.getByRole('group', { name: 'Answer 41 of 100' }).waitFor();
    await page.getByRole('button', { name: '← Back' }).click();
    await page.getByRole('group', { name: 'Answer 40 of 100' }).waitFor();
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download 40 as labels.jsonl' }).click();
    const path = join(await reports.folder, (await download).suggestedFilename());
    await (await download).saveAs(path);
    const labels = await readLabels(path);
    expect(labels).toMatchObject({ unlabelled: 60, draw: { runId: 'new', n: 100, population: 126 } });
    expect(labels.labels).toHaveLength(40);
    const believed = await anchored({ run: { store, runId: 'new' }, metric: 'correct', labels });
    expect(believed).toMatchObject({ labels: 40, items: 126, agreement: { agreement: { value: 1 } } });
    const again = await reports.write(store, { runId: 'new', labels });
    const told = await browser.open(again);
    await told.page.getByRole('heading', { name: 'Can the judges be believed' }).waitFor();
    await told.page.context().close();
    await page.context().close();
  });

  it('takes no label from a key that is held down, or that is meant for the browser', async () => {
    const { page } = await browser.open(address);
    await page.getByRole('button', { name: 'Label answers' }).click();
    const card = page.getByRole('group', { name: 'Answer 1 of 100' });
    await card.waitFor();
    for (const keys of ['Control+0', 'Alt+1', 'Meta+1']) await page.keyboard.press(keys);
    await page.keyboard.down('1');
    await page.keyboard.down('1');
    await page.keyboard.down('1');
    await page.keyboard.up('1');
    await page.getByRole('group', { name: 'Answer 2 of 100' }).waitFor();
    expect(await page.getByRole('button', { name: 'Download 1 as labels.jsonl' }).isVisible()).toBe(true);
    await page.context().close();
  });

  it('is no wider than the screen, however long a word is', async () => {
    const wordy = new MemoryResultStore();
    const word = 'W'.repeat(500);
    await storeRun(wordy, {
      runId: word,
      description: word,
      cases: [{ id: word, input: [{ role: word, content: word }], expected: word, group: word }],
      dimensions: { [word]: () => ({ score: 0.5, reason: word }) },
      answer: () => word,
    });
    const { page } = await browser.open(await reports.write(wordy, { runId: word }), {
      viewport: { width: 400, height: 800 },
    });
    await page.getByRole('button', { name: 'Label answers' }).click();
    await page.getByRole('group', { name: 'Answer 1 of 1' }).waitFor();
    for (const part of await page.locator('summary').all()) await part.click();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(400);
    await page.context().close();
  });

  it('fits a narrow screen and prints what has been found', async () => {
    const { page, problems } = await browser.open(address, { viewport: { width: 400, height: 800 } });
    await page.getByRole('heading', { name: 'Cases', exact: true }).waitFor();
    const width = (): Promise<number> => page.evaluate(() => document.documentElement.scrollWidth);
    expect(await width()).toBeLessThanOrEqual(400);
    await page.locator('.cases button.link').first().click();
    await page.getByRole('dialog').getByRole('heading', { name: 'Answer' }).waitFor();
    expect(await width()).toBeLessThanOrEqual(400);
    await page.keyboard.press('Escape');
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await page.getByLabel('Search').isVisible()).toBe(false);
    expect(await page.locator('.cases tbody tr').first().isVisible()).toBe(true);
    const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(ground).toBe('rgb(255, 255, 255)');
    expect((await page.pdf()).length).toBeGreaterThan(10_000);
    const cut = await page
      .locator('pre.text')
      .evaluateAll((texts) => texts.filter((text) => text.scrollHeight > text.clientHeight + 2).length);
    expect(cut).toBe(0);
    await page.emulateMedia({ media: 'screen' });
    await page.locator('.cases button.link').first().click();
    await page.getByRole('dialog').getByRole('heading', { name: 'Answer' }).waitFor();
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('main').isVisible()).toBe(false);
    expect(await page.getByRole('dialog').isVisible()).toBe(true);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it('shows the hostile as text, wherever it stands', async () => {
    const hostile = new MemoryResultStore();
    const names = Object.fromEntries(
      [...INJECTIONS, '__proto__', 'constructor'].map((name) => [name, () => ({ score: 0.5, reason: name })]),
    );
    for (const runId of [`${INJECTIONS[0]} old`, INJECTIONS[1]!])
      await storeRun(hostile, {
        runId,
        description: INJECTIONS[2]!,
        cases: INJECTIONS.map((text, i) => ({
          id: text,
          input: [{ role: text, content: text }],
          expected: text,
          group: text,
          metadata: { [text]: i },
        })),
        dimensions: names,
        answer: (input) => {
          const [{ content }] = input as [{ readonly content: string }];
          if (content === INJECTIONS[3]) throw new Error(content);
          return `${runId} ${content}`;
        },
      });
    const written = await reports.write(hostile, {
      runId: INJECTIONS[1]!,
      baselineRunId: `${INJECTIONS[0]} old`,
    });
    const { page, problems, requests } = await browser.open(written);
    await page.getByRole('heading', { name: 'Cases', exact: true }).waitFor();
    for (let i = 0; i < INJECTIONS.length; i++) {
      await page.locator('.cases button.link').nth(i).click();
      await page.getByRole('dialog').getByRole('heading', { name: 'Answer' }).waitFor();
      await page.keyboard.press('Escape');
    }
    await page.getByRole('button', { name: 'Label answers' }).click();
    await page.getByRole('button', { name: 'Right (1)' }).waitFor();
    expect(await page.title()).toBe(`${INJECTIONS[1]} · assaykit`);
    expect(
      await page.locator('img, iframe, base, object, embed, main script, main style, svg script').count(),
    ).toBe(0);
    expect(await page.locator('meta').count()).toBe(4);
    for (const text of INJECTIONS)
      expect(await page.getByRole('button', { name: text, exact: true }).count()).toBeGreaterThan(0);
    expect(problems).toEqual([]);
    expect(requests).toEqual([written]);
    await page.context().close();
  });

  it('runs no script that was put into it afterwards', async () => {
    const { page, problems } = await browser.open(address);
    await page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'document.title = "owned"';
      document.body.append(script);
      document.body.insertAdjacentHTML(
        'beforeend',
        '<img src="https://example.com/x.png" onerror="document.title=1">',
      );
    });
    await expect.poll(() => problems.some((problem) => problem.includes('img-src'))).toBe(true);
    expect(problems.some((problem) => problem.includes('script-src'))).toBe(true);
    expect(await page.title()).toBe('new · assaykit');
    await page.context().close();
  });

  it('makes visible what is not seen, names what it does not hold, and cuts the huge', async () => {
    const odd = new MemoryResultStore();
    const huge = `begin ${'x'.repeat(1_000_000)} the end`;
    await storeRun(odd, {
      runId: 'odd',
      cases: [
        { id: 'bidi\u202egnp.exe', input: 'say\u200b nothing', expected: 'x' },
        {
          id: 'image',
          input: [
            {
              role: 'user',
              content: [
                { type: 'text', text: 'What is it?' },
                { type: 'image', data: new Uint8Array(4096), mediaType: 'image/png' },
                { type: 'image', data: 'https://example.com/cat.png' },
                { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(9000)}` } },
              ],
            },
          ],
        },
        { id: 'huge', input: 'long' },
        { id: 'json', input: 'json' },
      ],
      dimensions: { any: () => 1 },
      answer: (input) =>
        input === 'long'
          ? huge
          : input === 'json'
            ? { deep: { list: [1, 2] } }
            : 'safe \u202e txt\u0000\ud800',
    });
    const { page, problems, requests } = await browser.open(await reports.write(odd, { runId: 'odd' }));
    const opened = async (name: string): Promise<string> => {
      await page.getByLabel('Search').fill(name);
      await page.locator('.cases button.link').filter({ hasText: name }).first().click();
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('heading', { name: 'Answer' }).waitFor();
      const text = (await dialog.textContent()) ?? '';
      await page.keyboard.press('Escape');
      return text;
    };
    const bidi = await opened('bidi');
    expect(bidi).toContain('bidiU+202Egnp.exe');
    expect(bidi).toContain('sayU+200B nothing');
    expect(bidi).toContain('U+202E txtU+0000U+D800');
    expect(bidi).not.toMatch(/[\u202e\u200b\0]/);
    const image = await opened('image');
    expect(image).toContain('[image image/png: 4,096 bytes]');
    expect(image).toContain('[image: https://example.com/cat.png]');
    expect(image).toContain('data:image/png, 9,022 characters');
    const long = await opened('huge');
    expect(long).toContain('of 1,000,014 characters are not in this page');
    expect(long).toContain('the end');
    expect(long.length).toBeLessThan(40_000);
    expect(await opened('json')).toContain('"list": [');
    expect(problems).toEqual([]);
    expect(requests).toHaveLength(1);
    await page.context().close();
  });

  it('says so when a browser runs no scripts, and shows the verdict all the same', async () => {
    const { page } = await browser.open(address, { javaScriptEnabled: false });
    expect(await page.getByText('needs JavaScript').isVisible()).toBe(true);
    expect(await page.locator('.verdict').isVisible()).toBe(true);
    await page.context().close();
  });

  it('says what is wrong with a file that has lost a part', async () => {
    const text = await readFile(new URL(address), 'utf8');
    const path = join(await reports.folder, 'broken.html');
    await writeFile(path, text.replace(/data-rows>.{40}/, 'data-rows>'));
    const { page } = await browser.open(`file://${path}`);
    await page.getByText('could not be read').waitFor();
    expect(await page.locator('.verdict').isVisible()).toBe(true);
    await page.context().close();
  });

  it('does not run a page whose script was changed', async () => {
    const text = await readFile(new URL(address), 'utf8');
    const path = join(await reports.folder, 'changed.html');
    await writeFile(path, text.replace('<script>(()=>{', '<script>document.title="owned";(()=>{'));
    const { page } = await browser.open(`file://${path}`);
    expect(await page.title()).toBe('new · assaykit');
    await page.context().close();
  });
});
