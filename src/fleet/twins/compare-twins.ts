import type { Twin } from '../../protocol/twin/document.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';
import type { Hub } from '../ports.ts';
import { contentOf } from './content.ts';
import { diffDocuments, type Difference } from './diff.ts';

/** Where the twins of two devices differ: tags, desired and reported. */
export async function compareTwins(
  hub: Pick<Hub, 'twins'>,
  left: string,
  right: string,
  signal?: AbortSignal,
): Promise<Difference[]> {
  const [leftTwin, rightTwin] = await Promise.all([hub.twins.get(left, signal), hub.twins.get(right, signal)]);
  return diffDocuments(sectionsOf(leftTwin), sectionsOf(rightTwin));
}

/** Which desired properties of a device it has not reported, or reported otherwise. What it reports beside them is no difference. */
export async function compareDesired(
  hub: Pick<Hub, 'twins'>,
  deviceId: string,
  signal?: AbortSignal,
): Promise<Difference[]> {
  const twin = await hub.twins.get(deviceId, signal);
  const desired = contentOf(twin.properties.desired);
  const reported = unwrapAnswers(contentOf(twin.properties.reported));
  return diffDocuments(desired, reported).filter(({ kind }) => kind !== 'added');
}

function sectionsOf(twin: Twin): JsonObject {
  return {
    desired: contentOf(twin.properties.desired),
    reported: contentOf(twin.properties.reported),
    tags: twin.tags,
  };
}

/** Plug and Play devices answer a desired property with `{value, ac, av}`; the value is what counts. */
function unwrapAnswers(document: JsonObject): JsonObject {
  const entries = Object.entries(document).map(([name, value]): [string, JsonValue] => {
    if (!isJsonObject(value)) return [name, value];
    if (Object.hasOwn(value, 'value') && Object.hasOwn(value, 'ac')) return [name, value['value'] ?? null];
    return [name, unwrapAnswers(value)];
  });
  return Object.fromEntries(entries);
}
