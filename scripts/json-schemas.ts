import { z } from 'zod';
import { specSchema } from '../src/fleet/rollout/model/spec.ts';
import {
  manifestSchema,
  offerSchema,
  reportSchema,
  signedManifestSchema,
  signedTrustSchema,
  trustSchema,
} from '../src/protocol/firmware/index.ts';

const documents = {
  'firmware-manifest': manifestSchema,
  'firmware-offer': offerSchema,
  'firmware-report': reportSchema,
  'firmware-trust': trustSchema,
  rollout: specSchema,
  'signed-firmware-manifest': signedManifestSchema,
  'signed-firmware-trust': signedTrustSchema,
} as const;

/** JSON Schemas (draft 2020-12) of the documents that people and devices write, as they write them: without what defaults fill in. */
export function jsonSchemas(): (readonly [path: string, text: string])[] {
  return Object.entries(documents).map(([name, schema]) => {
    const document = z.toJSONSchema(schema, { io: 'input', override: ({ jsonSchema }) => shortenTime(jsonSchema) });
    return [`docs/schemas/${name}.json`, `${JSON.stringify(document, null, 2)}\n`];
  });
}

/** The pattern of a moment knows leap years; a reader does not need to. */
function shortenTime(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.format === 'date-time') schema.pattern = String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$`;
}
