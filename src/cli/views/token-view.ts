import type { DecodedToken } from '../../fleet/tokens/index.ts';
import type { DocumentView } from '../output/output.ts';

/** What a shared access signature says. */
export const tokenView: DocumentView<DecodedToken> = {
  fields: (token) => [
    ['Resource', token.resource],
    ['Host', token.hostName],
    ['Device', token.deviceId ?? undefined, 'accent'],
    ['Module', token.moduleId ?? undefined, 'accent'],
    ['Policy', token.policy ?? undefined],
    ['Expires', token.expires, token.expired ? 'bad' : 'plain'],
    ['Expired', token.expired ? 'yes' : 'no', token.expired ? 'bad' : 'good'],
  ],
  json: (token) => token,
  name: ({ resource }) => resource,
};
