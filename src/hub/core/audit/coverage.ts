import type { AuditEvent } from '../../../protocol/audit.ts';
import { identityPath } from '../../../protocol/identity-path.ts';
import type { DocumentChange, RegistryChange } from '../ports.ts';
import { collections as provisioning } from '../provisioning/stored.ts';
import { jobCollections } from '../jobs/job-record.ts';
import { collection as configurations } from '../configurations/configuration-record.ts';

/** What an event's operation writes: the registry, or documents of some collections. Others note nothing by writing. */
const covered: Partial<Record<AuditEvent, 'registry' | readonly string[]>> = {
  'identity.write': 'registry',
  'identity.delete': 'registry',
  'identity.bulk': 'registry',
  'keys.regenerate': 'registry',
  'twin.write': 'registry',
  'configuration.apply': 'registry',
  'configuration.write': [configurations],
  'configuration.delete': [configurations],
  'job.write': [jobCollections.jobs],
  'registry-job.write': ['registry-jobs'],
  'enrollment.write': [provisioning.enrollments, provisioning.groups],
  'enrollment.delete': [provisioning.enrollments, provisioning.groups],
  'registration.delete': [provisioning.registrations],
  'certificate.write': ['certificates'],
  'certificate.delete': ['certificates'],
  'record.write': ['records'],
  'record.delete': ['records'],
};

/**
 * A rollout's state and lease, which its controller writes all the time, and its own audit. What people want of a rollout is in its
 * spec and intent.
 */
const selfKept = /^(?:rollouts\/[^/]+\/(?:state|lease)|rollout-audits\/.*)$/;

/** What each change is done to, if the event covers it; undefined when it covers none of them. */
export function registryTargets(event: AuditEvent, changes: readonly RegistryChange[]): readonly string[] | undefined {
  return covered[event] === 'registry' ? changes.map(identityOf) : undefined;
}

/** As {@link registryTargets}, of documents. */
export function documentTargets(event: AuditEvent, changes: readonly DocumentChange[]): readonly string[] | undefined {
  const collections = covered[event];
  if (collections === undefined || collections === 'registry') return undefined;
  const targets = changes.map(({ kind, collection, id }) => {
    const isSelfKept = collection === 'records' && kind === 'put' && selfKept.test(id);
    return collections.includes(collection) && !isSelfKept ? id : '';
  });
  return targets.some((target) => target !== '') ? targets : undefined;
}

/** Identities that come or go without anybody's operation: devices that provision themselves, jobs that import. */
export function unaskedTargets(changes: readonly RegistryChange[]): readonly string[] | undefined {
  const targets = changes.map((change) => (change.kind === 'replace' ? '' : identityOf(change)));
  return targets.some((target) => target !== '') ? targets : undefined;
}

function identityOf(change: RegistryChange): string {
  return change.kind === 'delete' ? change.identity : identityPath(change.record.deviceId, change.record.moduleId);
}
