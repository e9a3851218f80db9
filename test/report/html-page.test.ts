import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { dataBlock, escapeHtml, pageHead } from '../../src/report/html-page.js';

describe('the page', () => {
  it('allows exactly its own code', () => {
    const html = pageHead({ title: 'a < b', styles: 'p{}', headScript: 'one()', script: 'two("ä")' });
    const hash = (code: string): string => `'sha256-${createHash('sha256').update(code).digest('base64')}'`;
    expect(html).toContain(
      `content="default-src 'none'; script-src ${hash('one()')} ${hash('two("ä")')}; style-src ${hash('p{}')}; base-uri 'none'; form-action 'none'"`,
    );
    expect(html).toContain('<title>a &lt; b</title>');
  });

  it('holds data that nothing in it can end, and that reads back the same', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (value, text) => {
        const block = dataBlock('id="x"', [value, text, '</script><!--<script>\u2028']);
        const [, data = ''] = /^<script type="application\/json" id="x">(.*)<\/script>\n$/s.exec(block) ?? [];
        expect(data).not.toMatch(/[<>&\u2028\u2029]/);
        expect(JSON.parse(data)).toEqual(
          JSON.parse(JSON.stringify([value, text, '</script><!--<script>\u2028'])),
        );
      }),
    );
  });

  it('escapes text for every place, and shows what is not seen', () => {
    expect(escapeHtml(`<a href='x' title="y">&\u202e\0`)).toBe(
      '&lt;a href=&#39;x&#39; title=&quot;y&quot;&gt;&amp;[U+202E][U+0000]',
    );
  });
});
