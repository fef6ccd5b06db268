import { parseCondition, type Expression } from '../../protocol/query/index.ts';
import { identityPath, type IdentityPath } from '../../protocol/identity-path.ts';
import type { RegistryStore } from './ports.ts';

/** Which devices or modules a job or configuration is about. */
export interface Target {
  readonly source: 'devices' | 'devices.modules';
  /** All of them when absent. */
  readonly where: Expression | undefined;
}

const moduleForm = /^\s*FROM\s+devices\.modules(?:\s+WHERE\s+(?<condition>[\s\S]+)|\s*)$/i;

/**
 * Reads the body of a WHERE over devices, `*` for all of them, or `FROM devices.modules [WHERE …]`. Throws HubError ArgumentInvalid
 * that says where the text is not understood. Source: service.md §6.1, §7.4.
 */
export function parseTarget(text: string): Target {
  const modules = moduleForm.exec(text);
  if (modules === null) return { source: 'devices', where: conditionOf(text, []) };
  return { source: 'devices.modules', where: conditionOf(modules.groups?.['condition'] ?? '*', ['moduleId']) };
}

function conditionOf(text: string, roots: readonly string[]): Expression | undefined {
  return text.trim() === '*' ? undefined : parseCondition(text, { roots });
}

/** The targets, page by page, in the order of their ids. */
export async function* listTargets(
  store: Pick<RegistryStore, 'query'>,
  { source, where }: Target,
  pageSize: number,
): AsyncGenerator<IdentityPath[], void, undefined> {
  const names = source === 'devices' ? ['deviceId'] : ['deviceId', 'moduleId'];
  const select = names.map((name) => ({ kind: 'path', segments: [name], name }) as const);
  let after: string | undefined;
  do {
    const page = await store.query({ select, top: undefined, source, where, groupBy: [] }, { limit: pageSize, after });
    yield page.rows.map(identityOfRow);
    after = page.next;
  } while (after !== undefined);
}

/** The identity a row names by its `deviceId` and, of a module, `moduleId`. */
export function identityOfRow({ deviceId, moduleId }: { deviceId?: unknown; moduleId?: unknown }): IdentityPath {
  if (typeof deviceId !== 'string') throw new TypeError('a row without a deviceId');
  return identityPath(deviceId, typeof moduleId === 'string' ? moduleId : '');
}
