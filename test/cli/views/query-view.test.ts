import { expect, test } from 'vitest';
import { queryView } from '../../../src/cli/views/query-view.ts';

const now = Date.parse('2026-06-01T12:00:00Z');
const result = {
  deviceId: 'pump-1',
  moduleId: 'camera',
  jobId: 'job-1',
  jobType: 'scheduleUpdateTwin',
  status: 'completed',
  endTimeUtc: '2026-06-01T11:55:00Z',
  outcome: {},
};

test('when whole results of jobs are selected, then the columns tell the device, the job and how it ended', () => {
  const shown = queryView(undefined, [result], now).columns.filter(({ wide }) => wide !== true);
  expect(shown.map(({ header, value }) => [header, value(result)])).toEqual([
    ['deviceId', 'pump-1/camera'],
    ['jobId', 'job-1'],
    ['status', 'completed'],
    ['end', '5m ago'],
  ]);
});

test('when columns are selected, then those are shown, whatever the rows look like', () => {
  expect(queryView(['jobId'], [result], now).columns.map(({ header }) => header)).toEqual(['jobId']);
});
