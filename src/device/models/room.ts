import { approach, defineModel, noise, numberIn, round } from './model.ts';

interface Room {
  readonly seats: number;
  readonly people: number;
  readonly temperature: number;
  readonly target: number;
  readonly humidity: number;
  readonly carbonDioxide: number;
}

const outdoorCarbonDioxide = 420;

/** How likely somebody is in at this hour: working days from eight to six. */
function occupancy(now: number): number {
  const time = new Date(now);
  const weekend = time.getUTCDay() === 0 || time.getUTCDay() === 6;
  const hour = time.getUTCHours() + time.getUTCMinutes() / 60;
  if (weekend || hour < 7 || hour > 20) return 0.03;
  return hour >= 8 && hour < 18 ? (hour >= 12 && hour < 13 ? 0.3 : 0.65) : 0.2;
}

function setTarget(room: Room, target: number): Room {
  return { ...room, target };
}

export const room = defineModel<Room>({
  name: 'room',
  summary: 'A meeting room: presence, temperature, humidity and air',
  intervalSeconds: 60,
  fields: {
    presence: 'true while somebody is in',
    people: 'how many',
    temperature: '°C',
    humidity: 'percent',
    carbonDioxide: 'ppm',
  },
  facts: { manufacturer: 'Quiet Rooms', firmware: '1.2.0' },
  settings: {
    targetTemperature: { summary: 'temperature to keep, °C', minimum: 15, maximum: 28, default: 21, apply: setTarget },
  },
  commands: {
    'set-temperature': {
      summary: 'changes the temperature to keep: celsius=22',
      run: (state, payload) => {
        const celsius = numberIn(payload, 'celsius');
        if (celsius === undefined || celsius < 15 || celsius > 28) {
          return { state, status: 400, payload: { message: 'celsius must be a number from 15 to 28' } };
        }
        return { state: setTarget(state, celsius), status: 200, payload: { targetTemperature: celsius } };
      },
    },
    identify: {
      summary: 'blinks the panel by the door',
      run: (state) => ({ state, status: 200, payload: { blinking: true } }),
    },
  },
  start: (random) => ({
    seats: 4 + Math.floor(random() * 12),
    people: 0,
    temperature: 20 + random() * 2,
    target: 21,
    humidity: 38 + random() * 10,
    carbonDioxide: 450 + random() * 100,
  }),
  advance: (state, seconds, random, now) => {
    // Meetings last about half an hour: the chance that the company changes grows with the time that passes.
    const changes = random() < 1 - Math.exp(-seconds / 1_800);
    const people = changes ? (random() < occupancy(now) ? 1 + Math.floor(random() * state.seats) : 0) : state.people;
    return {
      ...state,
      people,
      temperature: approach(state.temperature, state.target + people * 0.15, seconds, 2_400),
      humidity: approach(state.humidity, 40 + people * 1.2 + noise(random, 2), seconds, 3_600),
      carbonDioxide: approach(state.carbonDioxide, outdoorCarbonDioxide + people * 90, seconds, 1_500),
    };
  },
  read: (state, random) => ({
    body: {
      presence: state.people > 0,
      people: state.people,
      temperature: round(state.temperature + noise(random, 0.1), 1),
      humidity: round(state.humidity, 1),
      carbonDioxide: Math.round(state.carbonDioxide),
    },
  }),
});
