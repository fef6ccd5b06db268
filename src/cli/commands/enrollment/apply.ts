import { Failure } from '../../../errors/index.ts';
import type { EnrollmentDocument, EnrollmentOutcome } from '../../../fleet/enrollments/index.ts';
import type { CommandContext } from '../../context.ts';
import { defineCommand, optionalArg, switchOption, type CommandInput } from '../../define-command.ts';
import { documentOfFlags, enrollmentFlags, hasEnrollmentFlags, strayFlags } from '../../options/enrollment-flags.ts';
import { confirmOnProtected, openProvisioning, serviceOption } from '../../options/provisioning-service.ts';
import { enrollmentOutcomeView } from '../../views/enrollment-view.ts';

export const command = defineCommand({
  name: 'enrollment apply',
  summary: 'Make enrollments what a file or the flags say.',
  description: `Makes enrollments what the file says: those that are missing are created, those that differ are changed, others are \
left alone. Run again, it changes nothing. The file is YAML or JSON: one enrollment as the service API has it, a list, or \
several YAML documents; registrationId names that of a single device, enrollmentGroupId a group. certificateFile: PATH stands for \
a certificate. What the file leaves out is the service's default; keys that it leaves out are made by the service, and kept.

Instead of a file, flags describe one enrollment.`,
  arguments: [{ name: 'file', summary: 'YAML or JSON; - is standard input', complete: 'file' }],
  options: [...enrollmentFlags, { name: 'dry-run', summary: 'only say what would change' }, serviceOption],
  examples: [
    { run: 'iotctl enrollment apply enrollments.yaml --dry-run', explains: 'what the file would change' },
    {
      run: 'iotctl enrollment apply --group-id trucks --tag site=north',
      explains: 'a group whose devices derive their keys',
    },
    {
      run: 'iotctl enrollment apply --group-id factory --certificate factory-ca.pem',
      explains: 'a group of devices with certificates of one CA',
    },
    {
      run: 'iotctl enrollment apply --registration-id truck-001 --never-move',
      explains: 'one device with keys of its own',
    },
  ],
  exitCodes: [1, 3, 4, 5, 7, 9, 143],
  output: 'rows',
  usesHub: true,
  async run(context, input) {
    const documents = await readDocuments(context, input);
    const provisioning = await openProvisioning(context, input);
    const { applyEnrollments } = await import('../../../fleet/enrollments/index.ts');
    const dryRun = switchOption(input, 'dryRun');
    if (!dryRun && !(await confirmOnProtected(context, `Apply ${documents.length} enrollments?`)))
      throw new Failure('confirmation-missing', 'not confirmed; nothing was changed');
    const outcomes = applyEnrollments(provisioning, documents, { dryRun, signal: context.signal });
    const failed: EnrollmentOutcome[] = [];
    await context.output.list(noteFailed(outcomes, failed), enrollmentOutcomeView);
    const [first] = failed;
    if (first?.error === undefined) return;
    if (documents.length === 1) throw new Failure(first.error.code, first.error.message, { details: { id: first.id } });
    throw new Failure('partial', `${failed.length} of ${documents.length} enrollments could not be applied`, {
      details: { failed: failed.length, total: documents.length },
    });
  },
});

async function readDocuments(context: CommandContext, input: CommandInput): Promise<readonly EnrollmentDocument[]> {
  const { readEnrollmentDocuments } = await import('../../../fleet/enrollments/index.ts');
  const file = optionalArg(input, 'file');
  if (file === undefined) {
    if (!hasEnrollmentFlags(input))
      throw new Failure('usage', 'a file is missing, or --registration-id or --group-id', {
        hint: 'iotctl enrollment apply --help',
      });
    return readEnrollmentDocuments(await documentOfFlags(input), '.');
  }
  const [stray] = strayFlags(input);
  if (stray !== undefined) throw new Failure('usage', `--${stray} describes an enrollment, and so does the file`);
  const { readDeclaration } = await import('../../documents/read-declaration.ts');
  const { value, directory } = await readDeclaration(context, file);
  return readEnrollmentDocuments(value, directory);
}

async function* noteFailed(
  outcomes: AsyncIterable<EnrollmentOutcome>,
  failed: EnrollmentOutcome[],
): AsyncGenerator<EnrollmentOutcome, void, undefined> {
  for await (const outcome of outcomes) {
    if (outcome.result === 'failed') failed.push(outcome);
    yield outcome;
  }
}
