import { Failure } from '../../../errors/index.ts';
import { confirmChange } from '../../changes/confirm-change.ts';
import { defineCommand, requiredArg, textOption } from '../../define-command.ts';
import { authorityView } from '../../views/certificate-view.ts';

export const command = defineCommand({
  name: 'certificate verify',
  summary: 'Prove to the hub that you hold the key of a CA.',
  description: `Verifies a CA certificate that was added. With the CA's certificate and key the proof is made here and the key stays
here. Without them the verification code is printed: have the CA sign a certificate whose common name is that
code, and give it with --proof.`,
  arguments: [{ name: 'name', summary: 'what it is called on the hub', required: true }],
  options: [
    { name: 'ca', type: 'string', value: 'FILE', summary: 'PEM file of the CA certificate', complete: 'file' },
    { name: 'ca-key', type: 'string', value: 'FILE', summary: 'PEM file of its key', complete: 'file' },
    { name: 'proof', type: 'string', value: 'FILE', summary: 'certificate over the code, in PEM', complete: 'file' },
  ],
  examples: [
    { run: 'iotctl certificate verify factory --ca factory.pem --ca-key factory.key', explains: 'in one step' },
    { run: 'iotctl certificate verify factory', explains: 'the code, for a CA whose key is elsewhere' },
    { run: 'iotctl certificate verify factory --proof proof.pem', explains: 'with what that CA signed' },
  ],
  exitCodes: [1, 3, 4, 5, 9, 143],
  output: 'document',
  usesHub: true,
  async run(context, input) {
    const { verifyWithKey, verifyWithProof } = await import('../../../fleet/certificates/index.ts');
    const name = requiredArg(input, 'name');
    const [certificateFile, keyFile, proof] = ['ca', 'caKey', 'proof'].map((option) => textOption(input, option));
    if ((certificateFile === undefined) !== (keyFile === undefined))
      throw new Failure('usage', 'give --ca and --ca-key together');
    const hub = await context.hub();
    const { signal } = context;
    if (certificateFile !== undefined && keyFile !== undefined) {
      await confirmChange(context, `Verify certificate ${name} on ${hub.hostName}?`, false);
      const now = context.clock.now();
      const verified = await verifyWithKey(hub, name, { certificateFile, keyFile, now, signal });
      await context.output.document(verified, authorityView);
    } else if (proof !== undefined) {
      await confirmChange(context, `Verify certificate ${name} on ${hub.hostName}?`, false);
      await context.output.document(await verifyWithProof(hub, name, proof, signal), authorityView);
    } else {
      const verificationCode = await hub.certificates.verificationCode(name, signal);
      await context.output.document({ name, verificationCode }, codeView);
      context.notes.info(
        `have the CA sign a certificate with this common name, then: iotctl certificate verify ${name} --proof FILE`,
      );
    }
  },
});

const codeView = {
  fields: ({ verificationCode }: { verificationCode: string }) => [['Verification code', verificationCode]] as const,
  json: (value: { name: string; verificationCode: string }) => value,
  name: ({ verificationCode }: { verificationCode: string }) => verificationCode,
};
