/** What a policy of a hub must allow for each command: the one place that says it. A test runs every command as every policy. */

/** Rights of shared access policies, those of the provisioning service among them. */
export type Right =
  | 'RegistryRead'
  | 'RegistryWrite'
  | 'ServiceConnect'
  | 'EnrollmentRead'
  | 'EnrollmentWrite'
  | 'RegistrationStatusRead';

/** Each list is one thing that is needed, by any of its rights; all lists together are what the command needs. */
export type Needs = readonly (readonly Right[])[];

const readDevices: Needs = [['RegistryRead']];
const writeDevices: Needs = [['RegistryRead'], ['RegistryWrite']];
const service: Needs = [['ServiceConnect']];
const query: Needs = [['ServiceConnect', 'RegistryRead']];
const enrollments: Needs = [['EnrollmentRead'], ['EnrollmentWrite']];
const files: Needs = [];

/** By command; an empty list is a command that needs no right at a hub: it works on files, on profiles, or on the data of a hub of this machine. */
export const commandRights: Readonly<Record<string, Needs>> = {
  provision: writeDevices,
  'tail telemetry': service,
  'tail events': service,
  'tail messages': service,
  'tail feedback': service,
  'tail uploads': service,
  'send-command': service,
  'send-message': service,
  'message list': service,
  'message peek': service,
  'message requeue': service,
  'message purge': [['ServiceConnect', 'RegistryWrite']],
  'device list': query,
  'device show': query,
  'device enable': writeDevices,
  'device disable': writeDevices,
  'device export': query,
  'device import': writeDevices,
  'device delete': writeDevices,
  'device renew-key': writeDevices,
  'device register': [['EnrollmentRead']],
  'device watch': query,
  'twin show': service,
  'twin set': service,
  'twin edit': service,
  'twin unset': service,
  'twin diff': service,
  'job run': [['ServiceConnect', 'RegistryWrite']],
  'job list': [['ServiceConnect', 'RegistryWrite', 'RegistryRead']],
  'job show': [['ServiceConnect', 'RegistryWrite', 'RegistryRead']],
  'job cancel': [['ServiceConnect', 'RegistryWrite']],
  'configuration apply': [['ServiceConnect', 'RegistryWrite']],
  'configuration plan': query,
  'configuration list': query,
  'configuration show': query,
  'configuration delete': [['ServiceConnect', 'RegistryWrite']],
  'firmware keygen': files,
  'firmware sign': files,
  'firmware verify': files,
  'firmware add': service,
  'firmware list': service,
  'firmware show': service,
  'firmware rotate-key': service,
  'rollout plan': service,
  'rollout rehearse': files,
  'rollout create': service,
  'rollout apply': service,
  'rollout status': service,
  'rollout watch': service,
  'rollout list': service,
  'rollout show': service,
  'rollout pause': service,
  'rollout resume': service,
  'rollout approve': service,
  'rollout promote': service,
  'rollout abort': service,
  'rollout revert': service,
  'rollout retry': service,
  'rollout why': service,
  'rollout audit': service,
  query,
  'module list': query,
  'module show': [['RegistryRead'], ['ServiceConnect']],
  'module create': writeDevices,
  'module delete': writeDevices,
  'certificate add': writeDevices,
  'certificate verify': writeDevices,
  'certificate list': readDevices,
  'certificate delete': writeDevices,
  'certificate issue': files,
  'sas create': readDevices,
  'sas decode': files,
  'sas verify': files,
  'enrollment apply': enrollments,
  'enrollment list': [['EnrollmentRead']],
  'enrollment show': [['EnrollmentRead']],
  'enrollment delete': enrollments,
  'enrollment explain': [['EnrollmentRead']],
  'controller run': service,
  'hub start': files,
  'hub status': files,
  'hub limits': files,
  'hub stop': files,
  'hub container': [['RegistryWrite']],
  'hub backup': files,
  'hub restore': files,
  'hub verify': files,
  'hub audit': readDevices,
  'hub env': files,
  'hub fault add': [['RegistryWrite']],
  'hub fault list': [['RegistryWrite']],
  'hub fault clear': [['RegistryWrite']],
  'profile add': files,
  'profile use': files,
  'profile list': files,
  'profile show': files,
  'profile remove': files,
  demo: files,
  agent: writeDevices,
  simulate: writeDevices,
  doctor: query,
  completion: files,
  __complete: files,
};

/** Whether rights are enough. Each need is looked at by itself: rights for one are never lent to another. */
export function areEnough(held: readonly string[], needs: Needs): boolean {
  return needs.every((anyOf) => anyOf.some((right) => held.includes(right)));
}
