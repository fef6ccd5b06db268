import { approach, defineModel, noise, round } from './model.ts';

type Phase = 'idle' | 'filling' | 'heating' | 'reacting' | 'cooling' | 'emptying';

interface Reactor {
  readonly phase: Phase;
  readonly secondsInPhase: number;
  readonly batch: number;
  readonly temperature: number;
  readonly reactionTemperature: number;
  /** The reaction heats itself up until it is cooled. */
  readonly runaway: boolean;
  readonly alarmAcknowledged: boolean;
}

/** What happens in a phase: how long it lasts, where the temperature goes and how fast. */
const phases: Readonly<
  Record<Phase, { seconds: number; next: Phase; temperature: (reactor: Reactor) => number; tau: number }>
> = {
  idle: { seconds: 300, next: 'filling', temperature: () => 22, tau: 1_800 },
  filling: { seconds: 600, next: 'heating', temperature: () => 22, tau: 1_200 },
  heating: { seconds: 1_200, next: 'reacting', temperature: (reactor) => reactor.reactionTemperature, tau: 360 },
  reacting: { seconds: 3_600, next: 'cooling', temperature: (reactor) => reactor.reactionTemperature, tau: 240 },
  cooling: { seconds: 1_500, next: 'emptying', temperature: () => 35, tau: 420 },
  emptying: { seconds: 480, next: 'idle', temperature: () => 28, tau: 1_200 },
};

const runawayTemperature = 190;
const runawayChance = 0.04;
const highMargin = 12;
const criticalMargin = 30;

function alarmOf(reactor: Reactor): 'high' | 'critical' | undefined {
  const over = reactor.temperature - reactor.reactionTemperature;
  return over > criticalMargin ? 'critical' : over > highMargin ? 'high' : undefined;
}

/** Lets one phase go on, at most to its end; says how many seconds are left over. */
function goOn(reactor: Reactor, seconds: number, random: () => number): { reactor: Reactor; left: number } {
  const phase = phases[reactor.phase];
  const step = Math.min(seconds, phase.seconds - reactor.secondsInPhase);
  const target = reactor.runaway ? runawayTemperature : phase.temperature(reactor);
  const warmed = {
    ...reactor,
    temperature: approach(reactor.temperature, target, step, reactor.runaway ? 900 : phase.tau),
  };
  if (reactor.secondsInPhase + step < phase.seconds) {
    return { reactor: { ...warmed, secondsInPhase: reactor.secondsInPhase + step }, left: 0 };
  }
  const reacting = phase.next === 'reacting';
  const begun: Reactor = {
    ...warmed,
    phase: phase.next,
    secondsInPhase: 0,
    batch: reactor.batch + (phase.next === 'filling' ? 1 : 0),
    runaway: reacting ? random() < runawayChance : false,
    alarmAcknowledged: reacting ? false : reactor.alarmAcknowledged,
  };
  return { reactor: begun, left: seconds - step };
}

function begin(reactor: Reactor, phase: Phase): Reactor {
  return { ...reactor, phase, secondsInPhase: 0, runaway: false };
}

export const batchReactor = defineModel<Reactor>({
  name: 'batch-reactor',
  summary: 'A chemical reactor that works in batches: temperature, pressure, phase and alarms',
  intervalSeconds: 10,
  fields: {
    temperature: '°C',
    pressure: 'bar',
    phase: 'idle, filling, heating, reacting, cooling or emptying',
    batch: 'number of the batch',
    progress: 'percent of the phase',
    alarm: 'none, high or critical',
  },
  facts: { manufacturer: 'Kettle & Sons', firmware: '3.1.7' },
  settings: {
    reactionTemperature: {
      summary: 'temperature of the reaction, °C',
      minimum: 40,
      maximum: 150,
      default: 85,
      apply: (reactor, reactionTemperature) => ({ ...reactor, reactionTemperature }),
    },
  },
  commands: {
    'start-batch': {
      summary: 'begins the next batch',
      run: (reactor) =>
        reactor.phase === 'idle'
          ? {
              state: { ...begin(reactor, 'filling'), batch: reactor.batch + 1 },
              status: 200,
              payload: { batch: reactor.batch + 1 },
            }
          : {
              state: reactor,
              status: 409,
              payload: { message: `batch ${reactor.batch} is in phase ${reactor.phase}` },
            },
    },
    'emergency-cooling': {
      summary: 'cools at once and ends the reaction',
      run: (reactor) => ({
        state: begin(reactor, 'cooling'),
        status: 200,
        payload: { phase: 'cooling', batch: reactor.batch },
      }),
    },
    'acknowledge-alarm': {
      summary: 'notes that a person has seen the alarm',
      run: (reactor) => ({
        state: { ...reactor, alarmAcknowledged: true },
        status: 200,
        payload: { alarm: alarmOf(reactor) ?? 'none', acknowledged: true },
      }),
    },
  },
  start: (random) => {
    const names = Object.keys(phases) as Phase[];
    const phase = names[Math.floor(random() * names.length)] ?? 'idle';
    const reactor: Reactor = {
      phase,
      secondsInPhase: Math.floor(random() * phases[phase].seconds),
      batch: 1 + Math.floor(random() * 500),
      temperature: 22,
      reactionTemperature: 85,
      runaway: false,
      alarmAcknowledged: false,
    };
    return { ...reactor, temperature: phases[phase].temperature(reactor) };
  },
  advance: (reactor, seconds, random) => {
    let next = reactor;
    for (let left = Math.min(seconds, 86_400); left > 0;) ({ reactor: next, left } = goOn(next, left, random));
    return next;
  },
  read: (reactor, random) => {
    const alarm = alarmOf(reactor);
    const closed = reactor.phase === 'heating' || reactor.phase === 'reacting' || reactor.phase === 'cooling';
    return {
      body: {
        temperature: round(reactor.temperature + noise(random, 0.3), 1),
        pressure: round(
          1 + (closed ? Math.max(0, reactor.temperature - 22) * 0.035 : 0) + Math.abs(noise(random, 0.02)),
          2,
        ),
        phase: reactor.phase,
        batch: reactor.batch,
        progress: Math.round((reactor.secondsInPhase / phases[reactor.phase].seconds) * 100),
        alarm: alarm ?? 'none',
      },
      ...(alarm === undefined || reactor.alarmAcknowledged ? {} : { properties: { alarm } }),
    };
  },
});
