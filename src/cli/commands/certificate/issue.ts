import { Failure } from '../../../errors/index.ts';
import { defineCommand, numberOption, requiredArg, switchOption, textOption } from '../../define-command.ts';
import { issuedView } from '../../views/certificate-view.ts';

export const command = defineCommand({
  name: 'certificate issue',
  summary: 'Make a certificate for a device, or a CA for tests.',
  description: `Makes a certificate and its key as NAME.pem and NAME.key, readable by you alone. NAME becomes the common name.

With --ca and --ca-key it is signed by that CA, and the file holds the CA's certificate too; without them it signs itself,
and the device is registered by its thumbprint. With --authority it is a CA. No hub is asked.`,
  arguments: [{ name: 'name', summary: 'id of the device, DEVICE/MODULE, or the name of the CA', required: true }],
  options: [
    { name: 'authority', summary: 'make a CA' },
    { name: 'ca', type: 'string', value: 'FILE', summary: 'PEM file of the CA that signs', complete: 'file' },
    { name: 'ca-key', type: 'string', value: 'FILE', summary: 'PEM file of its key', complete: 'file' },
    {
      name: 'days',
      type: 'integer',
      value: 'N',
      summary: 'how long it is valid',
      default: 365,
      minimum: 1,
      maximum: 36_500,
    },
    {
      name: 'directory',
      type: 'string',
      value: 'DIR',
      summary: 'where the files go',
      default: '.',
      complete: 'directory',
    },
    { name: 'force', summary: 'replace files that are there' },
  ],
  examples: [
    { run: 'iotctl certificate issue factory --authority', explains: 'a CA of your own' },
    {
      run: 'iotctl certificate issue pump-001 --ca factory.pem --ca-key factory.key',
      explains: 'a device of that CA',
    },
    { run: 'iotctl certificate issue pump-002 --query sha256', explains: 'self-signed; its thumbprint' },
  ],
  exitCodes: [1, 3, 4, 5],
  output: 'document',
  async run(context, input) {
    const { issueCertificate } = await import('../../../fleet/certificates/index.ts');
    const [certificateFile, keyFile] = ['ca', 'caKey'].map((option) => textOption(input, option));
    if ((certificateFile === undefined) !== (keyFile === undefined))
      throw new Failure('usage', 'give --ca and --ca-key together');
    const issued = await issueCertificate({
      name: requiredArg(input, 'name'),
      authority: switchOption(input, 'authority'),
      ...(certificateFile !== undefined && keyFile !== undefined && { signer: { certificateFile, keyFile } }),
      days: numberOption(input, 'days') ?? 365,
      directory: textOption(input, 'directory') ?? '.',
      force: switchOption(input, 'force'),
      now: context.clock.now(),
    });
    await context.output.document(issued, issuedView);
  },
});
