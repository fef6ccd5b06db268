/** Profiles of a hub's shared access policies, one for each, named like their policies in small letters. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { HubBox } from '../../../e2e/must-hold/support/hub-box.ts';
import { runHere } from './run-here.ts';

interface Policy {
  readonly name: string;
  readonly primaryKey: string;
  readonly permissions: readonly string[];
}

/** Answers what the hub has stored. */
export async function addPolicyProfiles({ box, info }: HubBox): Promise<readonly Policy[]> {
  const database = new DatabaseSync(join(box.directory, 'data/hub/registry.db'), { readOnly: true });
  const row = database.prepare("SELECT value FROM settings WHERE name = 'accessPolicies'").get();
  database.close();
  const policies = JSON.parse(String(row?.['value'])) as Policy[];
  for (const { name, primaryKey } of policies) {
    const file = join(box.directory, `${name}.txt`);
    await writeFile(file, `HostName=${info.hostName};SharedAccessKeyName=${name};SharedAccessKey=${primaryKey}`);
    const { code, stderr } = await runHere(box, [
      'profile',
      'add',
      name.toLowerCase(),
      '--connection-string-file',
      file,
      '--service-url',
      `http://127.0.0.1:${info.ports.http}`,
      '--amqp-url',
      `amqp://127.0.0.1:${info.ports.amqp}`,
      '--device-url',
      `mqtt://127.0.0.1:${info.ports.mqtt}`,
    ]);
    if (code !== 0) throw new Error(`no profile for ${name}: ${stderr}`);
  }
  return policies;
}
