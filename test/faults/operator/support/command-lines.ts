/**
 * Command lines for every command, which the tests of an operator's side run in all their ways. A command that has none fails them: see
 * {@link missingLines}. They work on the fleet of {@link setUpLines}; those that take things away come last.
 */
import { commandTable } from '../../../../src/cli/commands/index.ts';

/** Made once, by the hub's owner, before any other line. */
export const setUpLines: readonly string[] = [
  'provision plain spare away',
  // Disabled from the start, so that enabling it is always a change, whichever lines ran before.
  'provision resting',
  'device disable resting',
  'provision --from {dir}/keyed.csv',
  'profile add wrong --connection-string-file {dir}/other.txt',
  'provision gone-1 gone-2 gone-3 gone-4 gone-5 gone-6',
  'module create plain/meter plain/gone',
  'firmware keygen release --out {dir}',
  'firmware keygen next --out {dir}',
  'firmware sign {dir}/pump.bin pump@2.0.0 --hardware pump-v2 --key {dir}/release.key --out {dir}/pump.json',
  'firmware add {dir}/pump.json --file {dir}/pump.bin',
  'firmware rotate-key --publish {dir}/release.trust.json --yes',
  'twin set plain firmware.hardware=pump-v2',
  'rollout plan plain spare --id plan-1 --firmware pump@2.0.0 --out {dir}/plan.json',
  'rollout create {dir}/plan.json --yes',
  'certificate issue factory --authority --directory {dir}',
  'certificate add factory {dir}/factory.pem --verified',
  'certificate add other {dir}/factory.pem --replace',
  'enrollment apply --group-id trucks --key-file {dir}/group.key --tag site=north --yes',
  'job run twin plain tags.job=1 --id job-1 --yes',
  'configuration apply {dir}/gone.yaml --yes',
  'configuration apply {dir}/site.yaml --yes',
  'send-message away hello',
  'device export --out {dir}/fleet.ndjson',
];

/** By command. Several lines are several ways to say the same things. */
export const commandLines: Readonly<Record<string, readonly string[]>> = {
  provision: [
    'provision another --tag site=north',
    'provision --from {dir}/devices.csv',
    'provision --from {dir}/devices.csv --dry-run',
  ],
  'tail telemetry': [
    'tail telemetry --since 1h --count 3 --timeout 3s',
    'tail telemetry --since 1h --count 3 --timeout 3s -o csv',
    'tail telemetry --since 1h --count 3 --timeout 3s --stats',
    'tail telemetry --since 1h --count 3 --timeout 3s -o raw',
  ],
  'tail events': ['tail events --since 1h --count 3 --timeout 3s'],
  'tail messages': ['tail messages --since 1h --count 1 --timeout 1s'],
  'tail feedback': ['tail feedback --count 1 --timeout 500ms'],
  'tail uploads': ['tail uploads --count 1 --timeout 500ms'],
  'send-command': [
    'send-command hostile ping',
    'send-command hostile fail',
    'send-command hostile plain ping --timeout 5s --connect-timeout 0s',
  ],
  'send-message': ['send-message away hello'],
  'message list': ['message list away', 'message list away --dead'],
  'message peek': ['message peek away'],
  'message requeue': ['message requeue away'],
  'message purge': ['message purge away --yes'],
  'device list': ['device list', 'device list -o wide', 'device list -o csv', 'device list -o name'],
  'device show': ['device show hostile', 'device show plain -o yaml'],
  'device disable': ['device disable spare --reason "out of order"'],
  'device enable': ['device enable resting'],
  'device export': ['device export', 'device export --format csv'],
  'device import': [
    'device import {dir}/new.ndjson --yes',
    'device import {dir}/fleet.ndjson --dry-run',
    'device import {dir}/bad.ndjson --yes',
  ],
  'device delete': ['device delete gone-{n} --yes', 'device delete nobody --yes'],
  'device renew-key': ['device renew-key spare --yes'],
  'device register': ['device register truck-1 --group-key-file {dir}/group.key --timeout 5s'],
  'device watch': ['device watch --count 1 --timeout 1s'],
  'twin show': ['twin show hostile', 'twin show hostile -o yaml', 'twin show plain'],
  'twin set': ['twin set plain tags.a=1'],
  'twin edit': ['twin edit plain'],
  'twin unset': ['twin unset plain tags.a'],
  'twin diff': ['twin diff hostile', 'twin diff hostile plain'],
  'job run': [
    'job run twin plain tags.job=2 --yes',
    'job run command ping --where "deviceId = \'hostile\'" --yes --timeout 5s',
  ],
  'job list': ['job list'],
  'job show': ['job show job-1', 'job show job-1 --devices'],
  'job cancel': ['job cancel job-1 --yes'],
  'configuration apply': ['configuration apply {dir}/new.yaml --yes', 'configuration apply {dir}/site.yaml --yes'],
  'configuration plan': ['configuration plan {dir}/site.yaml'],
  'configuration list': ['configuration list -o wide'],
  'configuration show': ['configuration show site'],
  'configuration delete': ['configuration delete gone --yes', 'configuration delete nothing --yes'],
  'firmware keygen': ['firmware keygen third --out {dir}'],
  'firmware sign': [
    'firmware sign {dir}/pump.bin pump@2.0.1 --hardware pump-v2 --key {dir}/release.key --out {dir}/pump-2.json',
  ],
  'firmware verify': [
    'firmware verify {dir}/pump.json --file {dir}/pump.bin --trust {dir}/release.trust.json',
    'firmware verify {dir}/evil.json --trust {dir}/release.trust.json',
  ],
  'firmware add': ['firmware add {dir}/pump.json --file {dir}/pump.bin --dry-run'],
  'firmware list': ['firmware list -o wide'],
  'firmware show': ['firmware show pump@2.0.0'],
  'firmware rotate-key': ['firmware rotate-key --key {dir}/release.key --new-key {dir}/next.key --dry-run'],
  'rollout plan': ['rollout plan plain spare --id plan-2 --firmware pump@2.0.0 --devices'],
  'rollout rehearse': ['rollout rehearse {dir}/plan.json --trust {dir}/release.trust.json'],
  'rollout create': ['rollout create {dir}/plan.json --yes', 'rollout create {dir}/plan.json --yes --dry-run'],
  'rollout apply': ['rollout apply {dir}/plan.json --yes', 'rollout apply {dir}/plan.json --yes --dry-run'],
  'rollout status': ['rollout status plan-1', 'rollout status plan-1 -o json'],
  'rollout watch': ['rollout watch plan-1 -o lines'],
  'rollout list': ['rollout list'],
  'rollout show': ['rollout show plan-1', 'rollout show plan-1 --devices'],
  'rollout pause': ['rollout pause plan-1 --yes'],
  'rollout resume': ['rollout resume plan-1 --yes'],
  'rollout approve': ['rollout approve plan-1 --yes'],
  'rollout promote': ['rollout promote plan-1 --yes'],
  'rollout why': ['rollout why plan-1 plain'],
  'rollout audit': ['rollout audit plan-1', 'rollout audit plan-1 --verify'],
  'rollout retry': ['rollout retry plan-1 --failed --yes'],
  'rollout revert': ['rollout revert plan-1 --yes --dry-run'],
  'rollout abort': ['rollout abort plan-1 --yes --dry-run'],
  query: [
    'query "SELECT * FROM devices"',
    'query "SELECT tags.site AS site, COUNT() AS n FROM devices GROUP BY tags.site" -o ndjson',
    'query "SELECT properties.reported.mode AS m FROM devices" -o csv',
  ],
  'module list': ['module list', 'module list plain'],
  'module show': ['module show plain/meter'],
  'module create': ['module create spare/meter'],
  'module delete': ['module delete plain/gone --yes'],
  'certificate add': ['certificate add other {dir}/factory.pem --replace'],
  'certificate verify': ['certificate verify other'],
  'certificate list': ['certificate list'],
  'certificate delete': ['certificate delete other --yes'],
  'certificate issue': [
    'certificate issue pump-9 --ca {dir}/factory.pem --ca-key {dir}/factory.key --directory {dir} --force',
  ],
  'sas create': ['sas create plain --expiry 1m'],
  'sas decode': ['sas decode {dir}/token.txt'],
  'sas verify': ['sas verify {dir}/token.txt'],
  'enrollment apply': ['enrollment apply --group-id others --tag site=south --yes'],
  'enrollment list': ['enrollment list'],
  'enrollment show': ['enrollment show trucks --group'],
  'enrollment explain': ['enrollment explain truck-1'],
  'enrollment delete': ['enrollment delete others --group --yes'],
  'controller run': ['controller run --rollout plan-1 --until-done'],
  'hub start': ['hub start --data {dir}/data/hub'],
  'hub status': ['hub status', 'hub status -o json'],
  'hub limits': ['hub limits'],
  'hub stop': ['hub stop --data {dir}/nowhere'],
  'hub container': ['hub container fleet --lifetime 1m'],
  'hub verify': ['hub verify'],
  'hub backup': ['hub backup {dir}/hub.tar.zst'],
  'hub restore': [
    'hub restore {dir}/hub.tar.zst --data {dir}/restored --force --yes',
    'hub restore {dir}/devices.csv --data {dir}/restored --force --yes',
  ],
  'hub audit': ['hub audit -o wide', 'hub audit --verify'],
  'hub env': ['hub env --without-secrets'],
  'hub fault add': ['hub fault add delay --device nobody --delay 1ms --for 1s'],
  'hub fault list': ['hub fault list'],
  'hub fault clear': ['hub fault clear'],
  'profile add': ['profile add extra --connection-string-file {dir}/other.txt'],
  'profile use': ['profile use local'],
  'profile list': ['profile list', 'profile list -o json'],
  'profile show': ['profile show', 'profile show local -o yaml'],
  'profile remove': ['profile remove extra --yes'],
  demo: ['demo extra-word'],
  agent: ['agent --once --device machine'],
  simulate: ['simulate room --count 1 --for 1s --prefix sim-'],
  doctor: ['doctor', 'doctor -o json'],
  completion: ['completion bash'],
  __complete: ['__complete device', '__complete rollout'],
};

/** Commands of the table without a line, and lines of no command. */
export function missingLines(): readonly string[] {
  const names = commandTable.rows.map(({ name }) => name);
  return [
    ...names.filter((name) => (commandLines[name] ?? []).length === 0),
    ...Object.keys(commandLines).filter((name) => !names.includes(name)),
  ];
}

/** The line with what it says of the `n`th time it is run: some things can be taken away once. */
export function nthLine(line: string, n: number): string {
  return line.replaceAll('{n}', String(n));
}

/** All lines with their commands, in the order they may be run in. */
export function allLines(): readonly { readonly command: string; readonly line: string }[] {
  return Object.entries(commandLines).flatMap(([command, lines]) => lines.map((line) => ({ command, line })));
}
