// Writes docs/trust-figures.md from what the fault tests reported (`.faults/*.ndjson`): of each question the newest answer, a full one
// rather than a small one. `npm run docs:trust` after `npm run test:faults`.
import { readFile, writeFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';

/** What each test asks; the numbers are those of the threat model's test plan. */
const questions: Readonly<Record<string, string>> = {
  'C-01': 'Does a hub that is killed while devices send lose, invent or reorder what it acknowledged?',
  'C-02': 'And when the power goes, so that only what was flushed is left?',
  'C-03': 'And when it is killed at every single write?',
  'C-04': 'What if the disk answers with errors?',
  'C-05': 'What if the disk is full, and then is not?',
  'C-06': 'Is damage to its files found, rather than served?',
  'C-07': 'What if the clock jumps?',
  'C-08': 'What if it runs out of descriptors or memory?',
  'C-09': 'Is a backup made under load whole, and does an older directory open?',
  'C-10': 'How much is stored, durably, for many devices?',
  'C-11': 'And for one?',
  'C-12': 'How many idle connections does it hold?',
  'C-13': 'How does it take a storm of connections?',
  'C-14': 'And a herd that comes back after a restart?',
  'C-15': 'Does one frozen reader disturb the others?',
  'C-16': 'Is anything acknowledged and then dropped at a full queue?',
  'C-17': 'When does it notice that a peer is gone without a word?',
  'C-18': 'How long may a peer dawdle before it says who it is?',
  'C-19': 'What can strangers make it hold?',
  'C-20': 'Does one device that floods disturb the others?',
  'C-21': 'What does abuse of the protocols do?',
  'C-23': 'Do decoders survive what nobody would send?',
  'C-24': 'Do twins and JSON?',
  'C-25': 'Do topics and property bags?',
  'C-26': 'Can a query do what it must not?',
  'C-27': 'Can a path leave its directory?',
  'C-28': 'Can an archive?',
  'C-29': 'Is any regular expression slow on hostile text?',
  'C-30': 'Can a device pass for another?',
  'C-31': 'Is a tampered token ever taken?',
  'C-32': 'Does a token outlive its end?',
  'C-33': 'How soon is a revoked device out?',
  'C-34': 'Can keys be guessed, or a device be locked out by guessing?',
  'C-35': 'Which TLS is spoken, and which certificates are taken?',
  'C-36': 'What does somebody in the middle get?',
  'C-37': 'Can a web page or another user reach the hub?',
  'C-40': 'Can text from devices steer a terminal?',
  'C-41': 'Who can read what is written?',
  'C-42': 'Is a secret ever shown?',
  'C-43': 'Is it said where secrets are kept?',
  'C-44': 'Do links and pipes in the way lead a write astray?',
  'C-45': 'Does each right allow what it says and nothing else?',
  'C-46': 'Is a changed audit found?',
};

type Line = Readonly<Record<string, unknown>> & { readonly id: string; readonly test?: string; readonly scale: string };
const about = new Set(['id', 'test', 'scale', 'seed', 'time']);
const directory = new URL('../.faults/', import.meta.url);

const lines = [...(await readLines('smoke')), ...(await readLines('full'))];
if (lines.length === 0) throw new Error('there are no figures yet: npm run test:faults');
await writeFile(new URL('../docs/trust-figures.md', import.meta.url), page(newest(lines)));

async function readLines(scale: string): Promise<Line[]> {
  const text = await readFile(new URL(`${scale}.ndjson`, directory), 'utf8').catch(() => '');
  const read = text.split('\n').filter((line) => line !== '');
  return read.map((line) => JSON.parse(line) as Line);
}

/** Later lines replace earlier ones that say the same thing; full ones come last. */
function newest(all: readonly Line[]): ReadonlyMap<string, readonly Line[]> {
  const kept = new Map<string, Line>();
  for (const line of all) kept.set(`${line.id} ${subjectOf(line)}`, line);
  return Map.groupBy(kept.values(), ({ id }) => id);
}

/** What tells this line from others of its test: its texts. */
function subjectOf(line: Line): string {
  const texts = Object.entries(line).filter(([name, value]) => !about.has(name) && typeof value === 'string');
  return texts.map(([, value]) => String(value)).join(', ');
}

function page(groups: ReadonlyMap<string, readonly Line[]>): string {
  const sections = Object.entries(questions).flatMap(([id, question]) => {
    const found = groups.get(id);
    return found === undefined ? [] : section(id, question, found);
  });
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 1e9)} GB, Linux ${release()}`;
  return `${[
    '# Figures of trust',
    '',
    'Written by `npm run docs:trust` from what the fault tests reported; do not edit. What they mean is in [trust](trust.md).',
    '',
    `On ${machine}; Node ${process.version}. The load shares the machine with the hub. "Small" tests run at every change, "full" ones take up to half an hour each.`,
    ...sections,
  ].join('\n')}\n`;
}

function section(id: string, question: string, found: readonly Line[]): readonly string[] {
  const tests = [
    ...new Set(found.map(({ test, scale }) => `${scale === 'full' ? '--full ' : ''}${test ?? ''}`.trim())),
  ];
  return [
    '',
    `## ${id} ${question}`,
    '',
    '| what | figures | scale |',
    '|---|---|---|',
    ...found.map(
      (line) => `| ${subjectOf(line) || 'all'} | ${figuresOf(line)} | ${line.scale === 'full' ? 'full' : 'small'} |`,
    ),
    '',
    ...tests.map((test) => `    npm run test:faults -- ${test}`),
  ];
}

function figuresOf(line: Line): string {
  const members = Object.entries(line).filter(([name, value]) => !about.has(name) && typeof value !== 'string');
  return members.map(([name, value]) => `${words(name)} **${numberText(value)}**`).join(', ');
}

/** `longestMs` as `longest ms`, `rssGrowthMb` as `rss growth MB`. */
function words(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .replace(/\bmb\b/, 'MB')
    .replace(/\brss\b/, 'memory');
}

function numberText(value: unknown): string {
  return typeof value === 'number' ? value.toLocaleString('en', { maximumFractionDigits: 2 }) : String(value);
}
