import { Failure } from '../../../errors/index.ts';
import { defineCommand, listOption, numberOption, switchOption, textOption } from '../../define-command.ts';
import { hubAuditView, hubVerificationView } from '../../views/hub-audit-view.ts';

export const command = defineCommand({
  name: 'hub audit',
  summary: 'Show who did what to a hub, or check that nothing was changed.',
  description: `Every write of a back-end caller, every look at keys, every refused credential, every session that was taken over or \
revoked is an entry with the hash of the one before: when, who, from where, what, to what, with which result. A write and its entry are stored together or \
not at all. What comes in floods is told by its first, and by one entry with a count for the rest. --verify recomputes all hashes; an entry that was changed, taken out or put in is \
found, and the exit code is 1. Keep the last hash somewhere else and give it to --expect to find an audit that was rewritten as a whole.`,
  options: [
    { name: 'verify', summary: 'check the chain of hashes instead of showing the entries' },
    { name: 'expect', type: 'string', value: 'SEQ:HASH', summary: 'with --verify: an end that was noted before' },
    { name: 'since', type: 'time', value: 'TIME', summary: 'only from then on (ISO time, or an age such as 10m)' },
    { name: 'until', type: 'time', value: 'TIME', summary: 'only before then' },
    {
      name: 'event',
      type: 'string',
      value: 'GLOB',
      summary: 'only these events, as keys.* or access.refused',
      repeatable: true,
    },
    { name: 'target', type: 'string', value: 'GLOB', summary: 'only what was done to these', repeatable: true },
  ],
  examples: [
    { run: 'iotctl hub audit --since 1d', explains: 'what happened since yesterday' },
    { run: "iotctl hub audit --event 'keys.*' -o json", explains: 'who looked at keys, or made new ones' },
    { run: 'iotctl hub audit --verify', explains: 'exit 1 when it is not what was written' },
  ],
  exitCodes: [1, 2, 3, 4, 9, 143],
  output: 'rows',
  usesHub: true,
  async run(context, input) {
    const { readHubAudit, verifyHubAudit } = await import('../../../fleet/audit/index.ts');
    const hub = await context.hub();
    const expected = textOption(input, 'expect');
    if (!switchOption(input, 'verify')) {
      if (expected !== undefined) throw new Failure('usage', '--expect is about the chain of hashes: add --verify');
      const filter = {
        since: numberOption(input, 'since'),
        until: numberOption(input, 'until'),
        events: listOption(input, 'event'),
        targets: listOption(input, 'target'),
      };
      return context.output.list(readHubAudit(hub, filter, context.signal), hubAuditView);
    }
    const verification = await verifyHubAudit(hub, expectedEnd(expected), context.signal);
    await context.output.document(verification, hubVerificationView);
    const count = verification.problems.length;
    if (count > 0)
      throw new Failure(
        'check-failed',
        `the audit of ${hub.hostName} is not what was written: ${count} ${count === 1 ? 'problem' : 'problems'}`,
      );
  },
});

function expectedEnd(text: string | undefined): { readonly seq: number; readonly hash: string } | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text);
  if (match === null)
    throw new Failure('invalid-value', `--expect is "${text}"; it must be SEQ:HASH, as --verify -o name prints it`);
  return { seq: Number(match[1]), hash: match[2] ?? '' };
}
