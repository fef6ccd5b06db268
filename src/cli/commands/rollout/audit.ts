import { Failure } from '../../../errors/index.ts';
import { verifyAudit } from '../../../fleet/rollout/records/index.ts';
import { defineCommand, requiredArg, switchOption, textOption } from '../../define-command.ts';
import { rolloutArgument } from '../../rollout/arguments.ts';
import { auditView, verificationView } from '../../views/rollout-view.ts';

export const command = defineCommand({
  name: 'rollout audit',
  summary: 'Show who did what in a rollout, or check that nothing was changed.',
  description: `Every wish of an operator, every decision of a controller and every report of a device is an entry with the hash of the \
one before; who asked is IOTCTL_ACTOR, else the user of the system. --verify recomputes them all: an entry that was changed, taken out or put in later is found, and the exit code is 1. Keep \
the last hash somewhere else to find an audit that was rewritten as a whole.`,
  arguments: [rolloutArgument],
  options: [
    { name: 'verify', summary: 'check the chain of hashes instead of showing the entries' },
    {
      name: 'device',
      type: 'string',
      value: 'DEVICE',
      summary: 'only entries about this device',
      complete: 'device',
    },
  ],
  examples: [
    { run: 'iotctl rollout audit pump-2', explains: 'the whole story' },
    { run: 'iotctl rollout audit pump-2 --device pump-017', explains: 'what happened to one device' },
    { run: 'iotctl rollout audit pump-2 --verify', explains: 'exit 1 when it is not what was written' },
  ],
  exitCodes: [1, 3, 4, 9, 143],
  output: 'rows',
  usesHub: true,
  async run(context, input) {
    const { findAuditEntries, readRollout } = await import('../../../fleet/rollout/operate/index.ts');
    const { records } = await context.hub();
    const { id } = await readRollout(records, requiredArg(input, 'rollout'), context.signal);
    if (!switchOption(input, 'verify')) {
      const entries = findAuditEntries(records, id, textOption(input, 'device'), context.signal);
      return context.output.list(entries, auditView);
    }
    const verification = await verifyAudit(records, id, context.signal);
    await context.output.document({ id, ...verification }, verificationView);
    const count = verification.problems.length;
    if (count > 0)
      throw new Failure(
        'check-failed',
        `the audit of ${id} is not what was written: ${count} ${count === 1 ? 'problem' : 'problems'}`,
      );
  },
});
