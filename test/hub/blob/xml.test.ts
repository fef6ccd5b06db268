import { describe, expect, it } from 'vitest';
import { parseBlockList } from '../../../src/hub/blob/xml.ts';

describe('the body of Put Block List', () => {
  it('when it is a list, then its entries are read in order, white space or not', () => {
    const text = `\uFEFF \n<?xml version="1.0" encoding="utf-8"?>\n<BlockList>\n <Latest>QQ&#x3D;&#x3D;</Latest><Committed>Qg==</Committed>\n</BlockList>\n`;
    expect(parseBlockList(text)).toEqual([
      { id: 'QQ==', from: 'latest' },
      { id: 'Qg==', from: 'committed' },
    ]);
    expect(parseBlockList('<BlockList/>')).toEqual([]);
    expect(parseBlockList('<BlockList></BlockList>')).toEqual([]);
  });

  it.each([
    ['white space alone', ' '.repeat(4_000_000)],
    ['white space before something else', `${' '.repeat(4_000_000)}x`],
    ['white space behind the declaration', `<?xml?>${' '.repeat(4_000_000)}x`],
    ['a list that is followed by white space and more', `<BlockList></BlockList>${' '.repeat(4_000_000)}x`],
    ['many ends', `<BlockList>${'</BlockList> '.repeat(300_000)}x`],
    ['white space in a list', `<BlockList>${' '.repeat(4_000_000)}x</BlockList>`],
    ['many starts of a declaration', `${'<?xml '.repeat(600_000)}>`],
  ])('when it is %s, then it is refused without holding up the hub', { timeout: 3_000 }, (_what, text) => {
    expect(() => parseBlockList(text)).toThrow('not a block list');
  });
});
