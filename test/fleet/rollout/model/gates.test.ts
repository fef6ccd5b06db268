import { expect, it } from 'vitest';
import { gatesOf } from '../../../../src/fleet/rollout/model/gates.ts';
import { specSchema } from '../../../../src/fleet/rollout/model/spec.ts';

const steady = { name: 'steady', twin: { where: "tags.site = 'a'" }, pass: '>= 0.9' };
const compared = { name: 'compared', telemetry: { aggregate: 'rate' }, pass: '>= 0.9 * control' };

function parse(policy: object): ReturnType<typeof specSchema.safeParse> {
  const firmware = { name: 'pump', version: '2.0.0' };
  return specSchema.safeParse({ id: 'pump-2', firmware, target: { where: 'true' }, policy });
}

it('leaves out of the last wave what compares with devices that are not updated', () => {
  const { data } = parse({ waves: [5, '100%'], gates: [steady, compared] });
  const names = [0, 1].map((wave) => gatesOf(data!.policy, wave).map(({ name }) => name));
  expect(names).toEqual([['steady', 'compared'], ['steady']]);
});

it('takes the gates of a wave instead of those of the policy', () => {
  const { data } = parse({ waves: [{ size: 5, gates: [compared] }, '100%'], gates: [steady] });
  expect(gatesOf(data!.policy, 0).map(({ name }) => name)).toEqual(['compared']);
});

it.each([{ waves: ['100%'], gates: [compared] }, { waves: [5, { size: '100%', gates: [compared] }] }])(
  'refuses a comparison that nobody is left for: %j',
  (policy) => {
    expect(parse(policy).error?.issues[0]?.message).toMatch(/after the last wave there are none/);
  },
);
