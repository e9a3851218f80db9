import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import { MemoryBoundedCache } from '../../src/cache/memory-bounded-cache.js';
import type { ModelClient, ModelRequest, ModelResponse } from '../../src/client/model-client.js';
import type { CaseResult } from '../../src/evaluation/evaluation-types.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import { textResponse } from '../../src/evaluation/evaluator.js';
import { promptTemplate } from '../../src/prompts/prompt-template.js';
import type { AnyCase } from '../../src/prompts/case-variables.js';
import { exactMatch } from '../../src/scorers/exact-match.js';
import { MemoryResultStore } from '../../src/stores/memory-result-store.js';

const testCase: AnyCase = {
  id: 'a',
  input: { question: 'Capital of France?', choices: ['Paris', 'Lyon'], n: 2, nothing: null },
  expected: 'Paris',
  metadata: { language: 'English', question: 'of the metadata' },
  group: 'europe',
};
const render = (template: string) => promptTemplate(template).render(testCase);

describe('promptTemplate', () => {
  it('fills in variables of the case: of its input, else of its metadata, or where they say', () => {
    expect(render('Answer in {{language}}: {{question}}')).toBe('Answer in English: Capital of France?');
    expect(render('{{ input.question }} {{metadata.question}} {{id}} {{group}}')).toBe(
      'Capital of France? of the metadata a europe',
    );
    expect(render('{{choices.1}} {{choices}} {{n}}')).toBe('Lyon ["Paris","Lyon"] 2');
    expect(promptTemplate('{{a}} {{ b.c }} {{a}}').variables).toEqual(['a', 'b.c']);
    expect(promptTemplate('Q: {{input}}').render({ id: 'x', input: 'why?' })).toBe('Q: why?');
  });

  it('names all variables that a case does not have, null ones too, and the case', () => {
    expect(() =>
      promptTemplate('{{a}} {{question}} {{metadata.b.c}} {{nothing}}', { name: 'p' }).render(testCase),
    ).toThrow(
      'Expected case "a" to have the variables of prompt p: it has no {{a}}, {{metadata.b.c}}, {{nothing}}',
    );
    expect(() => render('{{cluster}}')).toThrow(/no \{\{cluster\}\}/);
  });

  it('takes NaN for missing, not for a word', () => {
    expect(() => promptTemplate('{{q}}').render({ id: '1', input: { q: Number.NaN } })).toThrow(
      /it has no {{q}}/,
    );
  });

  it('looks at own members alone', () => {
    for (const name of [
      'constructor',
      '__proto__',
      'toString',
      'input.constructor',
      'choices.map',
      'question.length',
      '__proto__.polluted',
    ])
      expect(() => render(`{{${name}}}`)).toThrow(`no {{${name}}}`);
    const own = JSON.parse('{"id":"x","input":{"constructor":"mine"}}') as AnyCase;
    expect(promptTemplate('{{constructor}}').render(own)).toBe('mine');
  });

  it('puts values in as they are: what stands in them is no template', () => {
    const sly = { id: 'x', input: { q: '{{secret}} $& $1 \\{{', secret: 'hidden' } };
    expect(promptTemplate('<{{q}}>').render(sly)).toBe('<{{secret}} $& $1 \\{{>');
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, value) => {
        const escaped = text.replaceAll('\\', '/').replaceAll('{{', '\\{{');
        const filled = promptTemplate(`${escaped} {{v}}`).render({ id: 'x', input: { v: value } });
        expect(filled).toBe(`${text.replaceAll('\\', '/')} ${value}`);
      }),
    );
  });

  it('takes escaped and single braces for text, and refuses what is neither', () => {
    expect(render('\\{{question}} {"a": {"b": 1}} }}')).toBe('{{question}} {"a": {"b": 1}} }}');
    expect(() => promptTemplate('Say {{question')).toThrow(
      'Expected {{ at character 5 of a prompt to begin a variable',
    );
    expect(() => promptTemplate('{{}}')).toThrow('write \\{{ for the braces themselves');
    expect(() => promptTemplate('{{a b}}')).toThrow('to begin a variable');
    expect(() => promptTemplate('{{a..b}}')).toThrow('to begin a variable');
  });

  it('refuses to tell the model the answer', () => {
    expect(() => promptTemplate('{{question}} It is {{expected}}')).toThrow(
      'Expected no {{expected}} in a prompt',
    );
    expect(() => promptTemplate('{{a}}', { system: '{{expected.text}}' })).toThrow(
      'Expected no {{expected.text}}',
    );
  });

  it('makes a chat with a system message, of messages, and of parts whose values are no texts', () => {
    expect(promptTemplate('{{question}}', { system: 'Speak {{language}}.' }).render(testCase)).toEqual([
      { role: 'system', content: 'Speak English.' },
      { role: 'user', content: 'Capital of France?' },
    ]);
    const image = new Uint8Array([137, 80]);
    const messages = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is {{thing}}?' },
          { type: 'image', data: '{{picture}}' },
        ],
      },
      { role: 'assistant', content: 'Hm.', name: 'x' },
    ];
    expect(promptTemplate(messages).render({ id: 'x', input: { thing: 'this', picture: image } })).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image', data: image },
        ],
      },
      { role: 'assistant', content: 'Hm.', name: 'x' },
    ]);
  });

  const pool = Array.from({ length: 20 }, (_, i): AnyCase => ({
    id: `e${i}`,
    input: { question: `q${i}` },
    expected: `x${i}`,
    metadata: { language: 'English' },
    ...(i < 2 ? { cluster: 'twins' } : {}),
  }));

  it('shows examples as turns before the question: the same for all cases, chosen by the seed', () => {
    const prompt = (seed: number) =>
      promptTemplate('In {{language}}: {{question}}', { system: 'S', examples: { cases: pool, n: 3, seed } });
    const [first, ...turns] = prompt(1).render(testCase) as readonly { role: string; content: string }[];
    expect(first).toEqual({ role: 'system', content: 'S' });
    expect(turns.map(({ role }) => role)).toEqual([
      'user',
      'assistant',
      'user',
      'assistant',
      'user',
      'assistant',
      'user',
    ]);
    expect(turns[0]!.content).toMatch(/^In English: q\d+$/);
    expect(turns[1]!.content).toBe(turns[0]!.content.replace('In English: q', 'x'));
    expect(turns.at(-1)!.content).toBe('In English: Capital of France?');
    expect(prompt(1).render({ ...testCase, id: 'other' })).toEqual([first, ...turns]);
    expect(prompt(2).render(testCase)).not.toEqual(prompt(1).render(testCase));
    expect(prompt(2).hash).not.toBe(prompt(1).hash);
  });

  it('never shows the case itself, nor one with its input or of its cluster', () => {
    const prompt = promptTemplate('{{question}}', { examples: { cases: pool, n: 17, seed: 3 } });
    for (const own of pool) {
      for (const asked of [own, { ...own, id: 'renamed' }]) {
        const shown = (prompt.render(asked) as readonly { content: string }[])
          .slice(0, -1)
          .map(({ content }) => content);
        expect(shown).not.toContain((own.input as { question: string }).question);
        if (own.cluster !== undefined) expect(shown).not.toContain('q0');
        if (own.cluster !== undefined) expect(shown).not.toContain('q1');
      }
    }
    const all = promptTemplate('{{question}}', { examples: { cases: pool, n: 20 } });
    expect(() => all.render(pool[5]!)).toThrow('Expected 20 examples of prompt');
  });

  it('puts examples as it is told to, and names one that lacks a variable', () => {
    const examples = { cases: pool, n: 1, question: 'Q {{question}}', answer: 'A: {{expected}}!' };
    const turns = promptTemplate('{{question}}', { examples }).render(testCase) as readonly {
      content: string;
    }[];
    expect(turns[0]!.content).toMatch(/^Q q\d+$/);
    expect(turns[1]!.content).toMatch(/^A: x\d+!$/);
    const bad = promptTemplate('{{question}}', {
      name: 'p',
      examples: { cases: [{ id: 'e', input: {} }], n: 1 },
    });
    expect(() => bad.render(testCase)).toThrow(
      'Expected case "e" to have the variables of the examples of prompt p: it has no {{question}}, {{expected}}',
    );
  });

  it('changes its hash with everything that it is made of, and with nothing else', () => {
    const hash = promptTemplate('{{a}}').hash;
    expect(promptTemplate('{{a}}', { name: 'named' }).hash).toBe(hash);
    expect(promptTemplate('{{ a}}').hash).not.toBe(hash);
    expect(promptTemplate('{{a}}', { system: 's' }).hash).not.toBe(hash);
    expect(promptTemplate('{{a}}', { name: 'p' }).describe()).toEqual({ name: 'p', hash });
    expect(promptTemplate('{{a}}').name).toBe(hash.slice(0, 8));
  });

  it('refuses bad options', () => {
    expect(() => promptTemplate(7 as never)).toThrow('to be a text or messages with a role, got 7');
    expect(() => promptTemplate([] as never)).toThrow('got an array of 0');
    expect(() => promptTemplate('x', { sytem: 'y' } as never)).toThrow('did you mean `system`?');
    expect(() => promptTemplate('x', { examples: { cases: pool, n: 0 } })).toThrow(
      '`n` of promptTemplate.examples',
    );
    expect(() => promptTemplate('x', { examples: { cases: [], n: 1 } })).toThrow(
      'to hold at least 1, got an array of 0',
    );
    expect(() =>
      promptTemplate([{ role: 'system', content: 's' }], { examples: { cases: pool, n: 1 } }),
    ).toThrow('Expected `question`');
  });
});

describe('a prompt in a run', () => {
  const evaluator = createEvaluator({ name: 'e', version: '1', dimensions: { right: exactMatch() } });
  function answering() {
    const requests: ModelRequest[] = [];
    const client: ModelClient = {
      complete: async (request): Promise<ModelResponse> => {
        requests.push(request);
        return { ...textResponse('Paris'), usage: null };
      },
      describe: () => ({ client: 'test' }),
      cacheIdentity: 'test',
    };
    return { client, requests };
  }

  it('is what a client is asked, while store and evaluator see the case', async () => {
    const { client, requests } = answering();
    const store = new MemoryResultStore();
    const prompt = promptTemplate('{{question}} ({{language}})', { name: 'plain' });
    const processor = new BatchProcessor<unknown>({
      target: client,
      prompt,
      evaluator,
      store,
      budget: { maxTokens: 1e6 },
    });
    const summary = await processor.run([testCase as never], { runId: 'r' });
    expect(requests[0]!.input).toBe('Capital of France? (English)');
    expect(summary.overall.mean).toBe(1);
    expect(summary.budget!.estimatedTokens).toBe(Math.ceil((28 + 4) / 4) + 2); // of the prompt, not of the case
    for await (const { testCase: kept } of store.query({ runId: 'r', withCase: true }))
      expect(kept!.input).toEqual(testCase.input);
    expect((await store.manifest('r'))!.target).toMatchObject({
      client: 'test',
      prompt: { name: 'plain', hash: prompt.hash },
    });
    const other = new BatchProcessor<unknown>({
      target: client,
      prompt: promptTemplate('{{question}}'),
      evaluator,
      store,
    });
    await expect(other.run([testCase as never], { runId: 'r', resume: true })).rejects.toMatchObject({
      code: 'ASSAY_MANIFEST_MISMATCH',
    });
  });

  it('is what a function gets, too; a case that it cannot be made of is errored by name', async () => {
    const seen: unknown[] = [];
    const target = async (input: unknown) => (seen.push(input), 'Paris');
    const processor = new BatchProcessor({ target, prompt: promptTemplate('{{question}}'), evaluator });
    const results: CaseResult[] = [];
    processor.on('case:end', ({ result }) => results.push(result));
    await processor.run([testCase, { id: 'b', input: 'no object' }] as never);
    expect(seen).toEqual(['Capital of France?']);
    expect(results.find(({ caseId }) => caseId === 'b')).toMatchObject({
      outcome: 'errored',
      error: { code: 'ASSAY_INVALID_CASE', message: expect.stringContaining('no {{question}}') },
    });
  });

  it('tells answers of different prompts apart in the cache', async () => {
    const { client, requests } = answering();
    const cache = new MemoryBoundedCache<string, ModelResponse>({ maxBytes: 1e6 });
    for (const text of ['{{question}}', '{{question}}!', '{{question}}']) {
      const processor = new BatchProcessor<unknown>({
        target: client,
        prompt: promptTemplate(text),
        evaluator,
        cache,
      });
      await processor.run([testCase as never]);
    }
    expect(requests.map(({ input }) => input)).toEqual(['Capital of France?', 'Capital of France?!']);
  });

  it('is checked', () => {
    const { client } = answering();
    expect(() => new BatchProcessor({ target: client, prompt: 'x' as never, evaluator })).toThrow(
      'Expected `prompt` of BatchProcessor to be a prompt with `render`',
    );
  });
});
