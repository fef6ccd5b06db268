import type { ServedPart } from '../../client/index.ts';
import type { Profile } from '../../config/index.ts';
import type { DocumentView, ListView } from '../output/output.ts';

export interface ListedProfile {
  readonly profile: Profile;
  readonly selected: boolean;
}

export interface ShownProfile extends ListedProfile {
  /** Where its key is; undefined when it has none. */
  readonly secretPlace: 'keychain' | 'file' | undefined;
  /** Only when it was asked for. */
  readonly connectionString: string | undefined;
  /** Only when the hub was asked. */
  readonly parts: readonly ServedPart[] | undefined;
}

export const profileListView: ListView<ListedProfile> = {
  columns: [
    { header: ' ', value: ({ selected }) => (selected ? '*' : ''), tone: () => 'good' },
    { header: 'PROFILE', value: ({ profile }) => profile.name, tone: () => 'accent' },
    { header: 'KIND', value: ({ profile }) => profile.kind },
    { header: 'HUB', value: ({ profile }) => profile.hostName },
    { header: 'ACCESS', value: ({ profile }) => accessOf(profile) },
    { header: 'PROTECTED', value: ({ profile }) => (profile.protected === true ? 'yes' : ''), tone: () => 'warn' },
    { header: 'SERVICE URL', value: ({ profile }) => profile.serviceUrl, wide: true },
    { header: 'DEVICE URL', value: ({ profile }) => profile.deviceUrl, wide: true },
    { header: 'AMQP URL', value: ({ profile }) => profile.amqpUrl, wide: true },
    { header: 'CA FILE', value: ({ profile }) => profile.caFile, wide: true },
    { header: 'TIER', value: ({ profile }) => tierOf(profile), wide: true },
  ],
  json: asJson,
  name: ({ profile }) => profile.name,
  empty: 'no profiles; iotctl hub start makes one, iotctl profile add NAME another',
};

export const profileView: DocumentView<ShownProfile> = {
  fields: ({ profile, selected, secretPlace, connectionString, parts = [] }) => [
    ['Profile', profile.name, 'accent'],
    ['Selected', selected ? 'yes' : 'no'],
    ['Kind', profile.kind],
    ['Hub', profile.hostName],
    ['Access', accessOf(profile)],
    ['Key kept in', secretPlace && placeWords[secretPlace], secretPlace === 'file' ? 'warn' : 'dim'],
    ...entraFieldsOf(profile),
    ['Service URL', profile.serviceUrl],
    ['Device URL', profile.deviceUrl],
    ['AMQP URL', profile.amqpUrl],
    ['AMQP by WebSocket', profile.amqpWebSockets],
    ['CA file', profile.caFile],
    ['Tier', tierOf(profile)],
    ['Consumer group', profile.consumerGroup],
    ['Protected', profile.protected === true ? 'yes' : 'no'],
    ['Connection string', connectionString],
    ...parts.map(({ served, detail }): [string, string] => [
      servedWords[String(served) as keyof typeof servedWords],
      detail,
    ]),
  ],
  json: (shown) => ({
    ...asJson(shown),
    keyKeptIn: shown.secretPlace ?? null,
    ...(shown.connectionString !== undefined && { connectionString: shown.connectionString }),
    ...(shown.parts !== undefined && { parts: shown.parts.map((part) => ({ ...part, served: part.served ?? null })) }),
  }),
  name: ({ profile }) => profile.name,
};

const placeWords = { keychain: "the system's keychain", file: 'a file, in plain text; only you can read it' } as const;

const servedWords = { true: 'Serves', false: 'Does not serve', undefined: 'Perhaps serves' } as const;

function accessOf(profile: Profile): string {
  if (profile.auth === 'key') return `policy ${profile.sharedAccessKeyName}`;
  return profile.credential === 'default' ? 'Entra ID' : `Entra ID (${profile.credential})`;
}

function entraFieldsOf(profile: Profile): [string, string | undefined][] {
  if (profile.auth === 'key') return [];
  return [
    ['Tenant', profile.tenantId],
    ['Client id', profile.clientId],
  ];
}

function tierOf({ tier, units }: Profile): string | undefined {
  if (tier === undefined) return units === undefined ? undefined : `${units} units`;
  return units === undefined ? tier : `${tier} × ${units}`;
}

function asJson({ profile, selected }: ListedProfile): Record<string, unknown> {
  const key = profile.auth === 'key' ? profile : undefined;
  const entra = profile.auth === 'entra' ? profile : undefined;
  return {
    name: profile.name,
    selected,
    kind: profile.kind,
    auth: profile.auth,
    hostName: profile.hostName,
    sharedAccessKeyName: key?.sharedAccessKeyName ?? null,
    credential: entra?.credential ?? null,
    tenantId: entra?.tenantId ?? null,
    clientId: entra?.clientId ?? null,
    serviceUrl: profile.serviceUrl ?? null,
    deviceUrl: profile.deviceUrl ?? null,
    amqpUrl: profile.amqpUrl ?? null,
    amqpWebSockets: profile.amqpWebSockets ?? null,
    caFile: profile.caFile ?? null,
    tier: profile.tier ?? null,
    units: profile.units ?? null,
    consumerGroup: profile.consumerGroup ?? null,
    protected: profile.protected === true,
  };
}
