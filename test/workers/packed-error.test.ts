import { describe, expect, it } from 'vitest';
import { AssayError } from '../../src/errors.js';
import { isCloneable, packError, unpackError } from '../../src/workers/packed-error.js';

const sent = (thrown: unknown): Error => unpackError(structuredClone(packError(thrown)));

class EndpointLikeError extends AssayError {
  readonly status = 429;
  override toRecord() {
    return { ...super.toRecord(), status: this.status, retryAfterMs: 1500 };
  }
}

describe('an error on its way between threads', () => {
  it('of this package stays one, with code, message, retryable and its fields', () => {
    const error = sent(new EndpointLikeError('ASSAY_RATE_LIMITED', 'too fast', { retryable: true }));
    expect(AssayError.is(error)).toBe(true);
    expect(error).toMatchObject({
      code: 'ASSAY_RATE_LIMITED',
      retryable: true,
      status: 429,
      retryAfterMs: 1500,
    });
    expect((error as AssayError).toRecord()).toEqual({
      code: 'ASSAY_RATE_LIMITED',
      message: 'too fast',
      retryable: true,
      status: 429,
      retryAfterMs: 1500,
    });
  });

  it('of the host keeps name, message, stack and members that can be cloned', () => {
    const thrown = Object.assign(new RangeError('far'), { code: 'E_FAR', detail: { by: 3 }, hook: () => 1 });
    const error = sent(thrown);
    expect(error).toMatchObject({
      name: 'RangeError',
      message: 'far',
      code: 'E_FAR',
      detail: { by: 3 },
      stack: thrown.stack,
    });
    expect('hook' in error).toBe(false);
  });

  it.each([
    ['a text', 'a text'],
    [undefined, 'undefined'],
    [{ toString: (): string => 'shown' }, 'shown'],
  ])('that is no error (%s) becomes one', (thrown, message) => expect(sent(thrown).message).toBe(message));

  it('that is another kind of object keeps its message and members', () => {
    expect(sent({ message: 'no luck', code: 'E_LUCK' })).toMatchObject({
      message: 'no luck',
      code: 'E_LUCK',
    });
  });

  it('brings the errors behind it, also when they lead back to itself', () => {
    const thrown = new Error('outer', { cause: new TypeError('inner') });
    expect(sent(thrown)).toMatchObject({ cause: { name: 'TypeError', message: 'inner' } });
    (thrown.cause as Error).cause = thrown;
    expect(sent(thrown)).toMatchObject({ cause: { cause: { message: 'outer' } } });
  });

  it('may be as nasty as it likes when it is looked at', () => {
    const member = Object.defineProperty(new Error('has a getter'), 'boom', {
      enumerable: true,
      get() {
        throw new Error('from the getter');
      },
    });
    expect(sent(Object.assign(member, { code: 'E_KEPT' }))).toMatchObject({
      message: 'has a getter',
      code: 'E_KEPT',
    });
    const trap = (): never => {
      throw new Error('from the proxy');
    };
    expect(sent(new Proxy({}, { get: trap, getPrototypeOf: trap })).message).toMatch(/cannot be looked at/);
  });

  it.each([
    [{ a: [1, 'x', null, undefined, { b: true }] }, true],
    [new Map([[1, new Date()]]), true],
    [{ deep: { f() {} } }, false],
    [Symbol('s'), false],
    [new WeakMap(), false],
    [Promise.resolve(), false],
  ])('knows what can be cloned (%#)', (value, cloneable) => expect(isCloneable(value)).toBe(cloneable));
});
