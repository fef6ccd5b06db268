import { contentOf, type Difference } from '../../fleet/twins/index.ts';
import { identityPath } from '../../protocol/identity-path.ts';
import type { Twin } from '../../protocol/twin/document.ts';
import type { JsonObject, JsonValue } from '../../std/json.ts';
import type { DocumentView, ListView, Tone } from '../output/output.ts';

export const twinSections = ['tags', 'desired', 'reported'] as const;
export type TwinSectionName = (typeof twinSections)[number];

/** A twin for a person without the hub's metadata, for programs as the hub gave it; or one section of it. */
export function twinView(section: TwinSectionName | undefined): DocumentView<Twin> {
  return {
    fields: (twin) => {
      if (section !== undefined) return Object.entries(sectionOf(twin, section));
      return [
        ['Device', twin.deviceId, 'accent'],
        ['Module', twin.moduleId, 'accent'],
        ['Version', twin.version],
        ['ETag', twin.etag, 'dim'],
        ['Tags', sectionOf(twin, 'tags')],
        [`Desired (version ${versionOf(twin.properties.desired)})`, sectionOf(twin, 'desired')],
        [`Reported (version ${versionOf(twin.properties.reported)})`, sectionOf(twin, 'reported')],
      ];
    },
    json: (twin) => (section === undefined ? twin : sectionOf(twin, section)),
    name: ({ deviceId, moduleId }) => identityPath(deviceId, moduleId),
  };
}

function sectionOf(twin: Twin, section: TwinSectionName): JsonObject {
  return section === 'tags' ? contentOf(twin.tags) : contentOf(twin.properties[section]);
}

function versionOf(section: JsonObject): string {
  const version = section['$version'];
  return typeof version === 'number' ? String(version) : 'unknown';
}

/** Differences with the names of the two sides. */
export function differenceView(left: string, right: string, empty: string): ListView<Difference> {
  return {
    columns: [
      { header: ' ', value: ({ kind }) => ({ added: '+', removed: '-', changed: '~' })[kind], tone: toneOf },
      { header: 'PATH', value: ({ path }) => path, tone: toneOf },
      { header: left.toUpperCase(), value: (difference) => shown(difference.left) },
      { header: right.toUpperCase(), value: (difference) => shown(difference.right) },
    ],
    json: (difference) => ({
      path: difference.path,
      kind: difference.kind,
      left: difference.left,
      right: difference.right,
    }),
    name: ({ path }) => path,
    empty,
  };
}

function shown(value: JsonValue | undefined): string {
  return value === undefined ? '' : JSON.stringify(value);
}

function toneOf({ kind }: Difference): Tone {
  return ({ added: 'good', removed: 'bad', changed: 'warn' } as const)[kind];
}
