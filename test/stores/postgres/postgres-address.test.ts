import { describe, expect, it } from 'vitest';
import { checkTls, resolveAddress } from '../../../src/stores/postgres/postgres-address.js';
import { keyPrefix, keyText } from '../../../src/stores/postgres/key-text.js';
import { awkwardIds, awkwardTexts } from '../../../src/testing/sample-results.js';

describe('the address of a database', () => {
  it.each([
    ['postgres://me@db', { host: 'db', port: 5432, user: 'me', database: 'me', tls: undefined }],
    ['postgresql://me@db:6432/evals', { port: 6432, database: 'evals' }],
    ['postgres://a%40b:x@[::1]:1/c%2Fd', { host: '::1', port: 1, user: 'a@b', database: 'c/d' }],
    ['postgres://me@%2Fvar%2Frun%2Fpostgresql/x', { host: '/var/run/postgresql' }],
    ['postgres://me@db/x?sslmode=disable', { tls: false }],
    ['postgres://me@db/x?sslmode=require&channel_binding=require', { tls: true, channelBinding: true }],
    ['postgres://me@db/x?sslmode=verify-full', { tls: true, channelBinding: false }],
    ['postgres://me@db/x?sslmode=no-verify', { tls: { rejectUnauthorized: false } }],
    ['postgres://me@db/x?application_name=nightly', { applicationName: 'nightly' }],
  ])('is read from %s', (text, expected) => {
    expect(resolveAddress(text)).toMatchObject(expected);
  });

  it('has a password of any characters', async () => {
    const password = 'p@ss/w:o#r?d% "é';
    expect(await resolveAddress(`postgres://me:${encodeURIComponent(password)}@db`).password()).toBe(
      password,
    );
    expect(await resolveAddress('postgres://me@db').password()).toBeUndefined();
    expect(await resolveAddress({ host: 'db', user: 'me', password }).password()).toBe(password);
    expect(await resolveAddress({ host: 'db', user: 'me', password: async () => password }).password()).toBe(
      password,
    );
  });

  it.each([
    ['', 'a URL'],
    ['db:5432', 'postgres://'],
    ['host=db user=me', 'a URL'],
    ['mysql://me@db', 'postgres://'],
    ['postgres://db/x', 'a user'],
    ['postgres:///x', 'a host'],
    ['postgres://me:100%@db', '%25'],
    ['postgres://me@db/x?sslmode=prefer', 'sslmode'],
    ['postgres://me@db/x?sslmode=allow', 'sslmode'],
    ['postgres://me@db/x?sslrootcert=/etc/ca.pem', '"sslrootcert"'],
    ['postgres://me@db/x?options=-c%20a%3Db', '"options"'],
    [{ host: 'db' }, '`user`'],
    [{ user: 'me' }, '`host`'],
    [{ host: 'db', user: 'me', port: 0 }, '`port`'],
    [{ host: 'db', user: 'me', pasword: 'x' }, '`password`'],
    [{ host: '', user: 'me' }, '`host`'],
  ])('is refused when it is %j', (address, message) => {
    expect(() => resolveAddress(address as string)).toThrow(
      expect.objectContaining({
        code: 'ASSAY_INVALID_OPTION',
        message: expect.stringContaining(message) as string,
      }),
    );
  });

  it('says how it is encrypted', () => {
    expect(checkTls(false)).toBe(false);
    expect(checkTls(true)).toEqual({});
    expect(checkTls({ ca: 'PEM', servername: 'db' })).toEqual({ ca: 'PEM', servername: 'db' });
    expect(() => checkTls({ ca: 7 as never })).toThrow(/`ca`/);
    expect(() => checkTls({ rejectUnauthorised: false } as never)).toThrow(/rejectUnauthorized/);
  });
});

describe('the text of a key', () => {
  const long = Array.from({ length: 400 }, (_, i) => String.fromCodePoint(0x4e00 + i)).join('');
  const texts = [
    ...awkwardIds,
    ...awkwardTexts,
    long,
    `${long}a`,
    `${long}b`,
    `${long.slice(1)}\0`,
    'a'.repeat(1_000),
    'a'.repeat(1_001),
    `${'\0'.repeat(600)}x`,
    `${'\0'.repeat(600)}y`,
  ];

  it('fits into an index, and differs when the texts do', () => {
    for (const text of texts) expect(Buffer.byteLength(keyText(text))).toBeLessThanOrEqual(1_000);
    expect(new Set(texts.map(keyText)).size).toBe(new Set(texts).size);
    expect(keyText('plain')).toBe('plain');
  });

  it('begins with that of each prefix', () => {
    for (const text of texts) {
      for (const length of [0, 1, 2, Math.ceil(text.length / 2), text.length - 1, text.length]) {
        const prefix = text.slice(0, Math.max(0, length));
        if (/[\ud800-\udbff]$/.test(prefix)) continue; // half a character is cut off by the caller
        expect(keyText(text).startsWith(keyPrefix(prefix).text), JSON.stringify([text, prefix])).toBe(true);
      }
    }
  });
});
