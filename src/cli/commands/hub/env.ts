import { environmentFormats } from '../../../fleet/hub/environment.ts';
import { choiceOption, defineCommand, switchOption } from '../../define-command.ts';
import { dataDirectory, dataOption } from '../../options/hub-data.ts';

export const command = defineCommand({
  name: 'hub env',
  summary: 'Print what SDKs need to use the hub on this machine.',
  description: `Prints variables for a shell: NODE_EXTRA_CA_CERTS and IOTHUB_CA_FILE (whom to trust), IOTHUB_HOSTNAME, \
IOTHUB_MQTT_PORT, IOTHUB_MQTTS_PORT, IOTHUB_HTTP_PORT, IOTHUB_HTTPS_PORT, IOTHUB_CONNECTION_STRING, \
IOTHUB_EVENT_HUB_CONNECTION_STRING (for clients of Event Hubs that read telemetry), and for the \
provisioning service IOTHUB_DPS_ENDPOINT, IOTHUB_DPS_ID_SCOPE, IOTHUB_DPS_CONNECTION_STRING; \
and the IOTCTL_ variables that make every iotctl command of that shell talk to this hub.

The connection strings give full control of the hub. They are printed when the output goes to a program, as in eval \
"$(iotctl hub env)"; on a terminal only with --show-secrets; and never with --without-secrets.`,
  options: [
    dataOption,
    {
      name: 'format',
      type: 'string',
      value: 'FORMAT',
      summary: 'for which reader; github is for GITHUB_ENV',
      choices: environmentFormats,
      default: 'sh',
    },
    { name: 'show-secrets', summary: 'print the connection strings on a terminal too' },
    { name: 'without-secrets', summary: 'leave the connection strings out' },
  ],
  examples: [
    { run: 'eval "$(iotctl hub env)"', explains: 'bash and zsh' },
    { run: 'iotctl hub env --format fish | source', explains: 'fish' },
    { run: 'iotctl hub env --format github >> "$GITHUB_ENV"', explains: 'the later steps of a workflow' },
  ],
  exitCodes: [3, 143],
  output: 'text',
  async run(context, input) {
    const { environmentOf, findHub, formatEnvironment } = await import('../../../fleet/hub/index.ts');
    const state = await findHub(dataDirectory(context, input));
    const format = choiceOption(input, 'format', environmentFormats) ?? 'sh';
    const shown =
      !switchOption(input, 'withoutSecrets') && (switchOption(input, 'showSecrets') || !context.output.isTTY);
    const variables = environmentOf(state).filter((variable) => shown || !variable.secret);
    // A workflow hides these values in its log from here on, these lines included.
    if (shown && context.env['GITHUB_ACTIONS'] === 'true') {
      context.notes.info(`::add-mask::${state.connectionString}`);
      if (state.eventHubConnectionString !== null) context.notes.info(`::add-mask::${state.eventHubConnectionString}`);
      context.notes.info(`::add-mask::${state.dps.connectionString}`);
    }
    await context.output.text(formatEnvironment(variables, format));
    if (shown) context.notes.info('IOTHUB_CONNECTION_STRING gives full control of this hub to whoever reads it');
    else context.notes.info('IOTHUB_CONNECTION_STRING is left out; add --show-secrets to see it');
  },
});
