import type { Profile } from '../../config/index.ts';
import type { DocumentView, ListView } from '../output/output.ts';

export interface ListedProfile {
  readonly profile: Profile;
  readonly selected: boolean;
}

export interface ShownProfile extends ListedProfile {
  /** Only when it was asked for. */
  readonly connectionString: string | undefined;
}

export const profileListView: ListView<ListedProfile> = {
  columns: [
    { header: ' ', value: ({ selected }) => (selected ? '*' : ''), tone: () => 'good' },
    { header: 'PROFILE', value: ({ profile }) => profile.name, tone: () => 'accent' },
    { header: 'KIND', value: ({ profile }) => profile.kind },
    { header: 'HUB', value: ({ profile }) => profile.hostName },
    { header: 'POLICY', value: ({ profile }) => profile.sharedAccessKeyName },
    { header: 'PROTECTED', value: ({ profile }) => (profile.protected === true ? 'yes' : ''), tone: () => 'warn' },
    { header: 'SERVICE URL', value: ({ profile }) => profile.serviceUrl, wide: true },
    { header: 'DEVICE URL', value: ({ profile }) => profile.deviceUrl, wide: true },
    { header: 'CA FILE', value: ({ profile }) => profile.caFile, wide: true },
  ],
  json: asJson,
  name: ({ profile }) => profile.name,
  empty: 'no profiles; iotctl hub start makes one, iotctl profile add NAME another',
};

export const profileView: DocumentView<ShownProfile> = {
  fields: ({ profile, selected, connectionString }) => [
    ['Profile', profile.name, 'accent'],
    ['Selected', selected ? 'yes' : 'no'],
    ['Kind', profile.kind],
    ['Hub', profile.hostName],
    ['Policy', profile.sharedAccessKeyName],
    ['Service URL', profile.serviceUrl],
    ['Device URL', profile.deviceUrl],
    ['CA file', profile.caFile],
    ['Protected', profile.protected === true ? 'yes' : 'no'],
    ['Connection string', connectionString],
  ],
  json: (shown) => ({
    ...asJson(shown),
    ...(shown.connectionString !== undefined && { connectionString: shown.connectionString }),
  }),
  name: ({ profile }) => profile.name,
};

function asJson({ profile, selected }: ListedProfile): Record<string, unknown> {
  return {
    name: profile.name,
    selected,
    kind: profile.kind,
    hostName: profile.hostName,
    sharedAccessKeyName: profile.sharedAccessKeyName,
    serviceUrl: profile.serviceUrl ?? null,
    deviceUrl: profile.deviceUrl ?? null,
    caFile: profile.caFile ?? null,
    protected: profile.protected === true,
  };
}
