import { isDeepStrictEqual } from 'node:util';
import { configurationLimits, type QueryTest } from '../../../protocol/configuration.ts';
import { HubError } from '../../../protocol/hub-errors.ts';
import { messageOf } from '../../../std/message-of.ts';
import { createKeyedQueue } from '../keyed-queue.ts';
import type { DocumentStore } from '../ports.ts';
import { deviceNotFound } from '../registry/preconditions.ts';
import type { IfMatch, QueryService } from '../services.ts';
import { parseTarget } from '../targets.ts';
import { fieldsOf, stringField } from '../untrusted.ts';
import { writeTwin } from './apply.ts';
import { metricProblem, parseConfiguration, textsOf, type Draft } from './configuration-draft.ts';
import {
  collection,
  configurationEtag,
  putChange,
  toConfigurationRecord,
  viewConfiguration,
  type ConfigurationRecord,
} from './configuration-record.ts';
import { desiredOf, parseContent } from './content.ts';
import { deployModules } from './edge-modules.ts';
import { createEvaluator } from './evaluator.ts';
import type { EvaluationParts } from './evaluate.ts';
import type { ConfigurationService } from './service.ts';

export interface ConfigurationParts extends Omit<EvaluationParts, 'signal'> {
  readonly queries: QueryService;
}

export interface Configurations extends ConfigurationService {
  close(): Promise<void>;
}

/** Automatic device management. Source: service.md §7. */
export function createConfigurations(parts: ConfigurationParts): Configurations {
  const { store, clock } = parts;
  const { documents } = store;
  const queue = createKeyedQueue();
  const applying = new Set<string>();
  const evaluator = createEvaluator({ ...parts, readAll: () => readAll(documents), save });

  async function read(id: string): Promise<ConfigurationRecord | undefined> {
    const value = await documents.get(collection, id);
    return value === undefined ? undefined : toConfigurationRecord(value);
  }

  function save(before: ConfigurationRecord, found: Partial<ConfigurationRecord>): Promise<void> {
    return queue.run([''], async () => {
      const now = await read(before.id);
      const after = { ...before, ...found };
      if (now?.counter === before.counter && !isDeepStrictEqual(after, now)) await documents.write([putChange(after)]);
    });
  }

  async function create(draft: Draft): Promise<ConfigurationRecord> {
    if ((await documents.count(collection)) >= configurationLimits.configurations) {
      const most = configurationLimits.configurations;
      throw new HubError('ConfigurationCountLimitExceeded', `There are ${most} configurations already.`);
    }
    const now = clock.now();
    const fresh = { createdTime: now, lastUpdatedTime: now, counter: 1, systemResults: {}, metricResults: {} };
    return { ...draft, ...fresh, evaluated: false };
  }

  function update(before: ConfigurationRecord, draft: Draft): ConfigurationRecord {
    if (!isDeepStrictEqual(draft.content, before.content)) {
      throw new HubError(
        'CannotModifyImmutableConfigurationContent',
        `The content of '${before.id}' cannot change, make a configuration with another id.`,
      );
    }
    return { ...before, ...draft, lastUpdatedTime: clock.now(), counter: before.counter + 1, evaluated: false };
  }

  return {
    list: async (top) => (await readAll(documents)).slice(0, top).map(viewConfiguration),
    async get(id) {
      const record = await read(id);
      if (record === undefined) throw notFound(id);
      return viewConfiguration(record);
    },
    put: (id, body, ifMatch) =>
      // One line for all, because their number is bounded.
      queue.run([''], async () => {
        const draft = parseConfiguration(id, body);
        const before = await read(id);
        checkPut(id, before, ifMatch);
        const record = before === undefined ? await create(draft) : update(before, draft);
        await documents.write([putChange(record)]);
        evaluator.soon();
        return { configuration: viewConfiguration(record), created: before === undefined };
      }),
    delete: (id, ifMatch) =>
      queue.run([''], async () => {
        const record = await read(id);
        if (record === undefined) throw notFound(id);
        checkEtag(record, ifMatch);
        await documents.write([{ kind: 'delete', collection, id }]);
        evaluator.soon();
      }),
    testQueries: async (body) => testQueries(body),
    async applyContent(deviceId, body) {
      if (applying.has(deviceId)) {
        throw new HubError(
          'ApplyConfigurationAlreadyInProgressOnDevice',
          `Content is being applied to '${deviceId}' already.`,
        );
      }
      applying.add(deviceId);
      try {
        await applyContent(parts, deviceId, body);
      } finally {
        applying.delete(deviceId);
      }
    },
    close: () => evaluator.close(),
  };
}

async function readAll(documents: DocumentStore): Promise<ConfigurationRecord[]> {
  const all = await documents.list(collection, { limit: configurationLimits.configurations });
  return all.map(({ value }) => toConfigurationRecord(value));
}

async function applyContent(parts: ConfigurationParts, deviceId: string, body: unknown): Promise<void> {
  const content = parseContent(fieldsOf({ content: body as never }, 'The body').get('content'));
  const record = await parts.store.read(deviceId);
  if (record === undefined) throw deviceNotFound(deviceId);
  if (!record.iotEdge) throw new HubError('ArgumentInvalid', `Device '${deviceId}' is not an Azure IoT Edge device.`);
  if (content.moduleContent !== undefined)
    throw new HubError('InvalidConfigurationContent', 'moduleContent cannot be applied to a device.');
  if (content.deviceContent !== undefined) {
    const desired = { content: desiredOf(content.deviceContent), replace: false };
    return writeTwin(parts, deviceId, { desired });
  }
  const modules = Object.entries(content.modulesContent ?? {});
  const desired = new Map(modules.map(([name, inner]) => [name, desiredOf(inner)]));
  return deployModules(parts, deviceId, desired, { prune: true });
}

/** PUT: without If-Match it only creates, with it it only updates. Source: service.md §7.2. */
function checkPut(id: string, record: ConfigurationRecord | undefined, ifMatch: IfMatch): void {
  if (ifMatch === undefined) {
    if (record !== undefined)
      throw new HubError('ConfigurationAlreadyExists', `There is a configuration '${id}' already.`);
    return;
  }
  if (record === undefined) throw notFound(id);
  checkEtag(record, ifMatch);
}

function checkEtag(record: ConfigurationRecord, ifMatch: IfMatch): void {
  if (ifMatch === undefined || ifMatch === '*' || ifMatch === configurationEtag(record)) return;
  throw new HubError('PreconditionFailed', `The configuration '${record.id}' was changed since this etag was read.`);
}

function notFound(id: string): HubError {
  return new HubError('ConfigurationNotFound', `There is no configuration '${id}'.`);
}

/** Says of each query whether it can be used; `*` is refused here, though a configuration may have it. Source: service.md §7.1. */
function testQueries(body: unknown): QueryTest {
  const fields = fieldsOf(body, 'The body');
  const condition = stringField(fields, 'targetCondition') ?? '';
  const queries = fields.get('customMetricQueries');
  const texts = queries === undefined ? {} : textsOf(queries, 'customMetricQueries', 'ArgumentInvalid');
  const errors = Object.entries(texts).map(([name, text]) => [name, metricProblem(text)] as const);
  return {
    targetConditionError: conditionProblem(condition),
    customMetricQueryErrors: Object.fromEntries(errors.filter((entry) => entry[1] !== undefined)) as Record<
      string,
      string
    >,
  };
}

function conditionProblem(condition: string): string | null {
  if (condition.trim() === '') return null;
  if (condition.trim() === '*') return 'the condition * cannot be tested as a query';
  try {
    parseTarget(condition);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}
