import { defineCommand, requiredArg, switchOption } from '../../define-command.ts';
import { moduleView } from '../../views/module-view.ts';

export const command = defineCommand({
  name: 'module show',
  summary: 'Show one module: identity, connection, tags and properties.',
  description: 'Shows one module. Keys are shown only with --show-secrets.',
  arguments: [{ name: 'module', summary: 'DEVICE/MODULE', required: true, complete: 'device' }],
  options: [{ name: 'show-secrets', summary: 'also show its keys and connection string' }],
  examples: [
    { run: 'iotctl module show pump-001/camera', explains: 'everything but the keys' },
    {
      run: 'iotctl module show pump-001/camera --show-secrets --query connectionString',
      explains: 'what the module connects with',
    },
  ],
  exitCodes: [1, 3, 4, 9, 143],
  output: 'document',
  usesHub: true,
  async run(context, input) {
    const hub = await context.hub();
    const { parseModuleName, showModule } = await import('../../../fleet/modules/index.ts');
    const identity = parseModuleName(requiredArg(input, 'module'));
    const showSecrets = switchOption(input, 'showSecrets');
    const module = await showModule(hub, identity, { showSecrets, signal: context.signal });
    await context.output.document(module, moduleView(context.clock.now()));
  },
});
