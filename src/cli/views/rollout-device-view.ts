import type { DeviceStanding } from '../../fleet/rollout/operate/index.ts';
import type { ListView } from '../output/output.ts';
import { deviceJson } from './rollout-report.ts';
import { stateTones } from './rollout-words.ts';

export const deviceStandingView: ListView<DeviceStanding> = {
  columns: [
    { header: 'DEVICE', value: ({ deviceId }) => deviceId, tone: () => 'accent' },
    { header: 'WAVE', value: ({ wave }) => wave + 1, align: 'right' },
    { header: 'STATE', value: ({ state }) => state, tone: ({ state }) => stateTones[state] },
    { header: 'CODE', value: ({ code, blocked }) => code ?? blocked },
    { header: 'VERSION', value: ({ version }) => version },
    { header: 'ATTEMPT', value: ({ attempt }) => (attempt === 0 ? '' : attempt), align: 'right' },
    { header: 'MESSAGE', value: ({ message }) => message },
    { header: 'BEFORE', value: ({ previous }) => previous, wide: true },
    { header: 'DECIDED', value: ({ decidedAt }) => decidedAt, wide: true },
    { header: 'DIGEST', value: ({ digest }) => digest?.slice(0, 12), wide: true },
  ],
  json: deviceJson,
  name: ({ deviceId }) => deviceId,
  empty: 'no device of the rollout is like this',
};
