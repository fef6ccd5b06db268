import type { DemoEvent } from '../../fleet/demo/index.ts';
import { formatDuration } from '../../std/duration.ts';
import type { StreamView, Tone } from '../output/output.ts';

type Part = readonly [text: string, tone?: Tone];

/** The demo's story, one line per event. */
export const demoView: StreamView<DemoEvent> = {
  columns: [
    { header: 'EVENT', value: (event) => event.kind, tone: () => 'accent' },
    {
      header: 'WHAT',
      value: (event) =>
        demoLine(event)
          .map(([text]) => text.trim())
          .join('  '),
    },
  ],
  json: (event) => (event.kind === 'kept' ? { kind: event.kind, profile: demoProfile } : event),
  name: (event) => event.kind,
  line: demoLine,
};

/** The profile that `--keep` makes for the time it runs. */
export const demoProfile = 'demo';

function demoLine(event: DemoEvent): readonly Part[] {
  switch (event.kind) {
    case 'step':
      return [
        [`${event.number}/${event.of}`, 'dim'],
        [event.title, 'accent'],
      ];
    case 'verified':
      return [['   ✓', 'good'], [event.text]];
    case 'telemetry':
      return [
        [`     ${event.time.slice(11, 23)}`, 'dim'],
        [event.deviceId.padEnd(9), event.alarm === undefined ? 'plain' : 'warn'],
        [
          Object.entries(event.body)
            // A line of the story must fit; with an alarm there is room for less.
            .slice(0, event.alarm === undefined ? 3 : 1)
            .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
            .join(' '),
        ],
        ...(event.alarm === undefined ? [] : [[`alarm=${event.alarm}`, 'warn'] as const]),
      ];
    case 'summary': {
      const { devices, messages, commands, p50, durationMs } = event.summary;
      const speed = p50 === undefined ? '' : `, acknowledged in ${p50.toFixed(1)} ms (median)`;
      return [
        ['Done.', 'good'],
        [`${devices} devices, ${messages} messages${speed}, ${commands} commands, in ${formatDuration(durationMs)}.`],
      ];
    }
    case 'kept':
      return [['Everything goes on until Ctrl-C. In another terminal:', 'accent']];
  }
}
