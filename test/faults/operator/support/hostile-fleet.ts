/** A hub in a process of its own whose devices, twins, messages and names hold whatever a stranger could put there. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startHubBox, type HubBox } from '../../../e2e/must-hold/support/hub-box.ts';
import { setUpLines } from './command-lines.ts';
import { runHere } from './run-here.ts';

export interface HostileFleet extends HubBox {
  /** Lines of the set-up that did not end well, with what they said. */
  readonly failures: readonly string[];
}

/** Keys that can be looked for. */
export interface Canaries {
  readonly groupKey: string;
  readonly otherKey: string;
  readonly deviceKey: string;
}

/** `evil` goes wherever text is taken; characters that a field does not take are left out there by `allowed`. */
export async function startHostileFleet(
  evil: string,
  { groupKey, otherKey, deviceKey }: Canaries,
): Promise<HostileFleet> {
  const hub = await startHubBox();
  const { box } = hub;
  const path = (name: string): string => join(box.directory, name);
  const line = evil.replaceAll(/[\r\n\0]/g, '');
  const files: Readonly<Record<string, string | Uint8Array>> = {
    'pump.bin': Buffer.alloc(4_096, 7),
    'group.key': groupKey,
    'keyed.csv': `deviceId,key\nkeyed,${deviceKey}\n`,
    'devices.csv': `deviceId,status,TAG:site\nimported,enabled,"${line.replaceAll('"', '')}"\n"${line.replaceAll('"', '')}",enabled,x\nbroken,"${line.replaceAll('"', '')}",x\n`,
    'bad.ndjson': `${JSON.stringify({ deviceId: evil, status: evil, tags: { a: evil } })}\n{"deviceId": "${line}\n`,
    'evil.json': JSON.stringify({
      manifest: { name: evil, version: evil, hardware: [evil] },
      signatures: [{ keyId: evil }],
    }),
    'other.txt': `HostName=other.example;SharedAccessKeyName=service;SharedAccessKey=${otherKey}`,
    'token.txt': `SharedAccessSignature sr=${encodeURIComponent(evil)}&sig=${encodeURIComponent(evil)}&se=1900000000&skn=${encodeURIComponent(evil)}`,
    'new.ndjson': `${JSON.stringify({ id: 'imported-2', status: 'enabled' })}\n`,
    ...Object.fromEntries(['site', 'new', 'gone'].map((id) => [`${id}.yaml`, configuration(id, line)])),
  };
  for (const [name, content] of Object.entries(files)) await writeFile(path(name), content);
  const device = await hub.device('hostile');
  device.onMethod((name) => ({ status: name === 'fail' ? 500 : 200, payload: { answer: evil, [evil]: [evil] } }));
  await expectOk(
    hub.request('PATCH', '/twins/hostile', {
      body: { tags: { site: evil, nested: { text: evil } }, properties: { desired: { mode: evil } } },
    }),
  );
  await device.reportProperties({
    mode: `${evil} too`,
    list: [evil],
    firmware: { name: evil, version: evil, state: evil, message: evil },
  });
  await device.sendTelemetry(
    { text: evil, [evil]: evil, temperature: 1 },
    { properties: { [evil]: evil, plain: 'x' } },
  );
  await device.sendTelemetry(Buffer.from(evil));
  await device.sendTelemetry(Buffer.from([0x1b, 0x5b, 0x32, 0x4a, 0x9b, 0xff, 0x07]));
  const failures: string[] = [];
  for (const words of setUpLines) {
    const { code, stderr } = await runHere(box, words);
    if (code !== 0) failures.push(`${words}: ${code} ${stderr}`);
  }
  return { ...hub, failures };
}

function configuration(id: string, text: string): string {
  return JSON.stringify({
    id,
    labels: { text },
    targetCondition: "tags.site = 'nowhere'",
    priority: 1,
    content: { deviceContent: { 'properties.desired.site': { text: 'x' } } },
  });
}

async function expectOk(work: Promise<Response>): Promise<void> {
  const answer = await work;
  if (!answer.ok) throw new Error(`the fleet cannot be set up: ${answer.status} ${await answer.text()}`);
}
