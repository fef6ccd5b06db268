import { approach, defineModel, noise, round, type CommandOutcome } from './model.ts';

interface Pump {
  readonly running: boolean;
  readonly reliefValveOpen: boolean;
  readonly pressure: number;
  readonly flow: number;
  readonly motorTemperature: number;
  readonly targetPressure: number;
  /** Worn bearings shake more. */
  readonly wear: number;
}

const pressureTau = 20;
const overpressure = 95;

function switchTo(pump: Pump, running: boolean): CommandOutcome<Pump> {
  const word = running ? 'running' : 'stopped';
  if (pump.running === running)
    return { state: pump, status: 409, payload: { message: `the pump is ${word} already` } };
  return { state: { ...pump, running }, status: 200, payload: { pump: word } };
}

export const oilPump = defineModel<Pump>({
  name: 'oil-pump',
  summary: 'A pump in an oil field: pressure, flow and vibration',
  intervalSeconds: 10,
  fields: {
    pressure: 'bar',
    flow: 'm³/h',
    motorTemperature: '°C',
    vibration: 'mm/s',
    pump: 'running or stopped',
    reliefValve: 'open or closed',
  },
  facts: { manufacturer: 'Permian Pumps', firmware: '1.9.0' },
  settings: {
    targetPressure: {
      summary: 'pressure to hold, bar',
      minimum: 10,
      maximum: 120,
      default: 70,
      apply: (pump, targetPressure) => ({ ...pump, targetPressure }),
    },
  },
  commands: {
    'emergency-valve-release': {
      summary: 'opens the relief valve and lets the pressure out',
      run: (pump) => ({
        state: { ...pump, reliefValveOpen: true },
        status: 200,
        payload: { reliefValve: 'open', pressureBefore: round(pump.pressure, 1) },
      }),
    },
    'close-valve': {
      summary: 'closes the relief valve',
      run: (pump) => ({ state: { ...pump, reliefValveOpen: false }, status: 200, payload: { reliefValve: 'closed' } }),
    },
    start: { summary: 'starts the motor', run: (pump) => switchTo(pump, true) },
    stop: { summary: 'stops the motor', run: (pump) => switchTo(pump, false) },
  },
  start: (random) => ({
    running: true,
    reliefValveOpen: false,
    pressure: 65 + random() * 10,
    flow: 38 + random() * 6,
    motorTemperature: 55 + random() * 10,
    targetPressure: 70,
    wear: random() ** 3,
  }),
  advance: (pump, seconds, random) => {
    const pumping = pump.running && !pump.reliefValveOpen;
    const pressure = pumping ? pump.targetPressure + noise(random, 4) : pump.reliefValveOpen ? 3 : 15;
    return {
      ...pump,
      pressure: Math.max(0, approach(pump.pressure, pressure, seconds, pressureTau)),
      flow: Math.max(
        0,
        approach(pump.flow, pump.running ? pump.targetPressure * 0.58 + noise(random, 2) : 0, seconds, pressureTau),
      ),
      motorTemperature: approach(pump.motorTemperature, pump.running ? 58 + pump.wear * 25 : 18, seconds, 900),
    };
  },
  read: (pump, random) => ({
    body: {
      pressure: round(pump.pressure, 1),
      flow: round(pump.flow, 1),
      motorTemperature: round(pump.motorTemperature, 1),
      vibration: round(pump.running ? 1.2 + pump.wear * 6 + Math.abs(noise(random, 0.4)) : 0, 2),
      pump: pump.running ? 'running' : 'stopped',
      reliefValve: pump.reliefValveOpen ? 'open' : 'closed',
    },
    ...(pump.pressure > overpressure ? { properties: { alarm: 'overpressure' } } : {}),
  }),
});
