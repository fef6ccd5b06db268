import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { junitText, markdownText, reportJson, xmlText } from '../../../src/cli/views/rollout-report.ts';
import type { DeviceStanding } from '../../../src/fleet/rollout/operate/index.ts';
import { sampleStart, sampleStatus } from '../../support/sample-status.ts';

const hostile = '"><script>&\u001b[2J\u0000]]>\ufffe\ud800|`[x](y)';
const devices: readonly DeviceStanding[] = [
  { deviceId: 'pump-1', wave: 0, state: 'succeeded', attempt: 1, version: '2.0.0' },
  { deviceId: hostile, wave: 0, state: 'failed', attempt: 3, code: 'stalled', message: hostile },
  { deviceId: 'pump-3', wave: 1, state: 'lost', attempt: 1, code: 'reboot-timeout' },
  { deviceId: 'pump-4', wave: 1, state: 'blocked', attempt: 0, blocked: 'hardware-mismatch' },
  { deviceId: 'pump-5', wave: 1, state: 'skipped', attempt: 0 },
];
const status = sampleStatus({
  waveEnds: [2, 5],
  policy: {
    waves: [{ size: 2, name: hostile }, '100%'],
    gates: [{ name: 'errors', twin: { where: 'x = 1' }, pass: '>= 0.98' }],
  },
  summary: { decided: 3, failures: 2 },
  state: {
    phase: 'paused',
    halt: { kind: 'gate-failed', wave: 0, gate: 'errors' },
    waves: [
      {
        openedAt: sampleStart,
        closedAt: sampleStart + 61_500,
        gates: [
          {
            name: 'errors',
            dryRun: false,
            measured: 1,
            failed: 1,
            inconclusive: 0,
            last: { at: sampleStart, value: 0.5, verdict: 'fail' },
            verdict: 'fail',
          },
        ],
      },
    ],
  },
});
const report = { status, devices, now: sampleStart + 100_000 };

/** Reads the little XML that JUnit is: the tags with their attributes, nested as they have to be. RangeError for what is not well-formed. */
function readXml(text: string): { readonly tag: string; readonly attributes: Record<string, string> }[] {
  const found: { tag: string; attributes: Record<string, string> }[] = [];
  const open: string[] = [];
  const rest = text
    .replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, '')
    .replaceAll(
      /<(\/?)([a-z]+)((?: [a-z]+="[^"<]*")*)(\/?)>/g,
      (_, closes: string, tag: string, attributes: string, empty: string) => {
        if (closes !== '') {
          if (open.pop() !== tag) throw new RangeError(`</${tag}> closes something else`);
          return '';
        }
        const pairs = [...attributes.matchAll(/ ([a-z]+)="([^"]*)"/g)];
        found.push({ tag, attributes: Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value])) });
        if (empty === '') open.push(tag);
        return '';
      },
    );
  if (rest.trim() !== '' || open.length > 0) throw new RangeError(`not well-formed: ${rest.trim()}`);
  if (/&(?!(?:amp|lt|gt|quot|apos);)/.test(text)) throw new RangeError('an ampersand stands alone');
  // XML 1.0 §2.2 Char
  if (/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u.test(text))
    throw new RangeError('not a character of XML');
  return found;
}

describe('a JUnit report', () => {
  test('has a suite for each wave, a case for each device and each gate, and the codes of failures', () => {
    const xml = readXml(junitText(report));
    const [all, ...rest] = xml;
    expect(all).toMatchObject({
      tag: 'testsuites',
      attributes: { name: 'pump-2 pump@2.0.0', tests: '6', failures: '3', skipped: '1' },
    });
    const suites = rest.filter(({ tag }) => tag === 'testsuite').map(({ attributes }) => attributes);
    expect(suites).toMatchObject([
      { tests: '3', failures: '2', time: '61.500' },
      { name: 'wave 2 (100%)', tests: '3', failures: '1', skipped: '1' },
    ]);
    const failures = rest.filter(({ tag }) => tag === 'failure').map(({ attributes }) => attributes['type']);
    expect(failures).toEqual(['stalled', 'gate-fail', 'reboot-timeout']);
  });

  test('stays well-formed whatever devices are called and say', () => {
    expect(xmlText(hostile)).toBe('&quot;&gt;&lt;script&gt;&amp;\\x1b[2J\\x00]]&gt;\\ufffe\\ud800|`[x](y)');
    fc.assert(
      fc.property(fc.uint16Array({ maxLength: 20 }), (units) => {
        const text = String.fromCharCode(...units);
        const [element] = readXml(`<a b="${xmlText(text)}"/>`);
        expect(element?.tag).toBe('a');
      }),
    );
  });
});

describe('a summary', () => {
  test('in Markdown shows text of devices as text', () => {
    const text = markdownText(report);
    expect(text).toContain('## pump-2: pump@2.0.0 halted');
    expect(text).not.toContain('<script>');
    expect(text).not.toContain('[x](y)');
    for (const line of text.split('\n').filter((each) => each.startsWith('| &#34;') || each.startsWith('| "')))
      expect(line.match(/\|/g)).toHaveLength(6);
    expect(text).toContain('| pump-3 | 2 | lost | reboot-timeout |  |');
  });

  test('in JSON has the keys of the status, and each device', () => {
    expect(reportJson(report)).toMatchObject({
      id: 'pump-2',
      standing: 'halted',
      halt: { kind: 'gate-failed', wave: 1 },
      deviceResults: [
        { deviceId: 'pump-1', wave: 1, state: 'succeeded', code: null },
        {},
        {},
        { blocked: 'hardware-mismatch' },
        {},
      ],
    });
  });
});
