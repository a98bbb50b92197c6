// Goal: every spelling of a list that Stripe's clients use is read as Stripe reads it.
// Method: the strings as they stand on the wire; a seeded random list written in every spelling.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseForm } from '../src/http/form.ts';

test.each([
  ['a[0]=x&a[1]=y', { a: ['x', 'y'] }],
  ['a[]=x&a[]=y', { a: ['x', 'y'] }],
  ['a=x&a=y&a=z', { a: ['x', 'y', 'z'] }],
  ['a[7]=y&a[2]=x', { a: ['x', 'y'] }],
  ['a[1]=x&a[]=y', { a: ['x', 'y'] }],
  ['i[][p]=1&i[][q]=2', { i: [{ p: '1', q: '2' }] }],
  [
    'i[][p]=1&i[][q]=2&i[][p]=3&i[][q]=4',
    {
      i: [
        { p: '1', q: '2' },
        { p: '3', q: '4' },
      ],
    },
  ],
  ['i[][p]=1&i[][p]=2', { i: [{ p: '1' }, { p: '2' }] }],
  ['i[][d][n]=1&i[][d][m]=2&i[][d][n]=3', { i: [{ d: { n: '1', m: '2' } }, { d: { n: '3' } }] }],
  ['i[][t][]=1&i[][t][]=2&i[][p]=3', { i: [{ t: ['1', '2'], p: '3' }] }],
  ['i[0][p]=1&i[][p]=2', { i: [{ p: '1' }, { p: '2' }] }],
  ['metadata[0]=x&metadata[k]=', { metadata: { 0: 'x', k: '' } }],
  ['expand[]=data.customer&expand[]=data.charge', { expand: ['data.customer', 'data.charge'] }],
])('%s', (text, expected) => {
  expect(parseForm(text)).toEqual(expected);
});

test('a basket is the same in every spelling', () => {
  const line = fc.record({ price: fc.stringMatching(/^[a-z]{1,8}$/), quantity: fc.stringMatching(/^[1-9]\d?$/) });
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 120 }), (line_items) => {
      const write = (name: (index: number) => string): string =>
        line_items
          .flatMap((item, i) => Object.entries(item).map(([key, value]) => `line_items[${name(i)}][${key}]=${value}`))
          .join('&');
      expect(parseForm(write(String))).toEqual({ line_items });
      expect(parseForm(write(() => ''))).toEqual({ line_items });
    }),
  );
});

test('a quarter of a megabyte of one name is read in no time worth mentioning', () => {
  const many = 50_000;
  expect((parseForm('a=x&'.repeat(many)).a as string[]).length).toBe(many);
  expect((parseForm('a[]=x&'.repeat(many)).a as string[]).length).toBe(many);
  expect((parseForm('a[][b]=x&'.repeat(many)).a as unknown[]).length).toBe(many);
});

test.each(['a=x&a[b]=y', 'a[b]=y&a=x', 'a[b=x', `a${'[b]'.repeat(10)}=x`, '__proto__[x]=y', 'a[constructor]=y'])(
  '%s is refused',
  (text) => {
    expect(() => parseForm(text)).toThrow();
  },
);
