import { expect, test } from 'vitest';
import { allMetrics, isMetric, machineReadings } from '../../../src/device/agent/readings.ts';
import { realClock } from '../../support/real-clock.ts';

test('this machine has a load, memory, a disk and an uptime, each a plausible number', async () => {
  const readings = await machineReadings(realClock);
  await readings.take(['cpu']);
  const body = await readings.take(allMetrics);
  for (const value of Object.values(body)) expect(Number.isFinite(value)).toBe(true);
  for (const share of ['cpuLoad', 'memoryUsed', 'diskUsed']) {
    expect(body[share]).toBeGreaterThanOrEqual(0);
    expect(body[share]).toBeLessThanOrEqual(100);
  }
  expect(body['uptime']).toBeGreaterThan(0);
});

test('only what is wanted is read', async () => {
  const readings = await machineReadings(realClock);
  expect(Object.keys(await readings.take(['uptime']))).toEqual(['uptime']);
  expect(await readings.take([])).toEqual({});
});

test('names of an object’s own are no metrics', () => {
  expect([...allMetrics, 'constructor', '__proto__', 'toString', 3].filter(isMetric)).toEqual(allMetrics);
});
