import { describe, expect, it } from 'vitest';
import { messageCondition } from '../../../src/fleet/telemetry/index.ts';
import type { JsonObject } from '../../../src/std/json.ts';
import { message } from '../../support/memory-hub.ts';

const sent = message(
  'truck-1',
  7,
  { temperature: 9, engine: { rpm: 3000 }, tags: ['a'], Status: 'ok' },
  { properties: { alert: 'true', level: '5' }, system: { 'content-type': 'application/json' } },
);
const twin: JsonObject = {
  deviceId: 'truck-1',
  status: 'enabled',
  tags: { site: 'north' },
  properties: { desired: { interval: 30 }, reported: { firmware: '1.2.0' } },
};

describe('a condition on messages', () => {
  it.each([
    ['temperature > 8', true, false],
    ['temperature > 9', false, false],
    ['body.engine.rpm >= 3000', true, false],
    ['$body.engine.rpm < 3000', false, false],
    ["properties.alert = 'true'", true, false],
    ['properties.alert = true', false, false],
    ["system.[[content-type]] = 'application/json'", true, false],
    ["deviceId = 'truck-1'", true, false],
    ["STARTSWITH(deviceId, 'pump')", false, false],
    ["enqueuedTime > '2026-01-01T00:00:06Z'", true, false],
    ["tags.site = 'north'", true, true],
    ["$twin.tags.site = 'south'", false, true],
    ["status = 'enabled' AND temperature = 9", true, true],
    ["properties.reported.firmware != '1.3.0'", true, true],
    ['properties.desired.interval * 2 = 60', true, true],
    ["body.Status = 'ok'", true, false],
    ['IS_DEFINED(body.absent)', false, false],
    ['absent.deep.er = 1', false, false],
    ['tags.absent.deep = 1 OR temperature IN [9]', true, true],
  ])('%s is %s', (text, holds, needsTwin) => {
    const condition = messageCondition(text);
    expect(condition.holds(sent, twin)).toBe(holds);
    expect(condition.needsTwin).toBe(needsTwin);
  });

  it('when the body is not JSON or the twin is gone, then conditions on them do not hold', () => {
    const binary = message('truck-1', 1, Uint8Array.of(0xff, 0xfe));
    expect(messageCondition('temperature > 8').holds(binary, undefined)).toBe(false);
    expect(messageCondition("tags.site = 'north'").holds(sent, undefined)).toBe(false);
    expect(messageCondition('toString = 1').holds(sent, twin)).toBe(false);
  });

  it('when it is not valid, then the failure says where', () => {
    expect(() => messageCondition('temperature >')).toThrow(/--where: .*at character 14/);
  });
});
