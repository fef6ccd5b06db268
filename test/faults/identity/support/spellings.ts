/** Ways to write an identity that is not one's own so that it may be taken for it, or for another's. */
export interface Spelling {
  readonly name: string;
  readonly deviceId: string;
}

/** Those of `dev1`, who is the attacker; `dev2`, `dev10`, `dev`, `DEV1` and `dev%31` are other devices of the hub. */
export const spellings: readonly Spelling[] = [
  { name: 'other', deviceId: 'dev2' },
  { name: 'longer', deviceId: 'dev10' },
  { name: 'shorter', deviceId: 'dev' },
  { name: 'case', deviceId: 'DEV1' },
  { name: 'look-alike', deviceId: 'd\u0435v2' },
  { name: 'full width', deviceId: '\uFF44\uFF45\uFF562' },
  { name: 'combining', deviceId: 'dev2\u0301' },
  { name: 'zero width', deviceId: 'dev2\u200B' },
  { name: 'right to left', deviceId: '\u202Edev2' },
  { name: 'percent', deviceId: 'dev%32' },
  { name: 'percent that is an id', deviceId: 'dev%31' },
  { name: 'percent twice', deviceId: 'dev%2532' },
  { name: 'plus', deviceId: '+' },
  { name: 'hash', deviceId: '#' },
  { name: 'dollar', deviceId: '$iothub' },
  { name: 'dot dot', deviceId: '../dev2' },
  { name: 'own and dot dot', deviceId: 'dev1/../dev2' },
  { name: 'own and encoded slash', deviceId: 'dev1%2F..%2Fdev2' },
  { name: 'NUL', deviceId: 'dev2\u0000' },
  { name: 'blank', deviceId: 'dev2 ' },
  { name: 'empty', deviceId: '' },
];

export const victims = ['dev2', 'dev10', 'dev', 'DEV1', 'dev%31', 'dev%32'] as const;
