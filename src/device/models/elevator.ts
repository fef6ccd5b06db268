import { defineModel, noise, numberIn, round } from './model.ts';

interface Elevator {
  readonly floors: number;
  /** Metres above the lowest floor. */
  readonly height: number;
  readonly velocity: number;
  readonly acceleration: number;
  readonly target: number;
  /** Seconds the doors stay open. */
  readonly waiting: number;
  readonly stopped: boolean;
  readonly trips: number;
  readonly railWear: number;
}

const floorHeight = 3.2;
const topSpeed = 2.5;
const comfortAcceleration = 1.1;
const doorSeconds = 6;
const stepSeconds = 0.1;
/** Nothing that happened longer ago shows in a reading. */
const memorySeconds = 120;

function move(car: Elevator, random: () => number): Elevator {
  if (car.stopped) return { ...car, velocity: 0, acceleration: 0 };
  if (car.waiting > 0) return { ...car, velocity: 0, acceleration: 0, waiting: car.waiting - stepSeconds };
  const left = car.target * floorHeight - car.height;
  if (Math.abs(left) < 0.02 && Math.abs(car.velocity) < 0.2) {
    const target = Math.floor(random() * car.floors);
    return {
      ...car,
      height: car.target * floorHeight,
      velocity: 0,
      acceleration: 0,
      target,
      waiting: doorSeconds,
      trips: car.trips + 1,
    };
  }
  // The fastest speed from which the car can still stop at the target.
  const wanted = Math.sign(left) * Math.min(topSpeed, Math.sqrt(2 * comfortAcceleration * Math.abs(left)) * 0.98);
  const change = Math.max(-1, Math.min(1, (wanted - car.velocity) / (comfortAcceleration * stepSeconds)));
  const acceleration = change * comfortAcceleration;
  const velocity = car.velocity + acceleration * stepSeconds;
  return { ...car, acceleration, velocity, height: car.height + velocity * stepSeconds };
}

export const elevator = defineModel<Elevator>({
  name: 'elevator',
  summary: 'A lift car: floor, acceleration and vibration every second',
  intervalSeconds: 1,
  fields: {
    floor: 'nearest floor, from 0',
    acceleration: 'm/s²',
    velocity: 'm/s',
    vibration: 'mm/s',
    doors: 'open or closed',
    trips: 'rides so far',
  },
  facts: { manufacturer: 'Vertical Works', firmware: '5.0.3' },
  settings: {},
  commands: {
    'go-to-floor': {
      summary: 'sends the car to a floor: floor=3',
      run: (car, payload) => {
        const floor = numberIn(payload, 'floor');
        if (floor === undefined || !Number.isInteger(floor) || floor < 0 || floor >= car.floors) {
          return {
            state: car,
            status: 400,
            payload: { message: `floor must be a whole number from 0 to ${car.floors - 1}` },
          };
        }
        if (car.stopped)
          return { state: car, status: 409, payload: { message: 'the car is stopped; resume it first' } };
        return { state: { ...car, target: floor, waiting: 0 }, status: 200, payload: { floor } };
      },
    },
    'emergency-stop': {
      summary: 'stops the car where it is',
      run: (car) => ({ state: { ...car, stopped: true }, status: 200, payload: { car: 'stopped' } }),
    },
    resume: {
      summary: 'ends an emergency stop',
      run: (car) => ({ state: { ...car, stopped: false }, status: 200, payload: { car: 'in service' } }),
    },
  },
  start: (random) => {
    const floors = 6 + Math.floor(random() * 30);
    const floor = Math.floor(random() * floors);
    return {
      floors,
      height: floor * floorHeight,
      velocity: 0,
      acceleration: 0,
      target: Math.floor(random() * floors),
      waiting: random() * doorSeconds,
      stopped: false,
      trips: Math.floor(random() * 10_000),
      railWear: random() ** 2,
    };
  },
  advance: (car, seconds, random) => {
    let next = car;
    const steps = Math.round(Math.min(seconds, memorySeconds) / stepSeconds);
    for (let step = 0; step < steps; step++) next = move(next, random);
    return next;
  },
  read: (car, random) => ({
    body: {
      floor: Math.max(0, Math.min(car.floors - 1, Math.round(car.height / floorHeight))),
      acceleration: round(car.acceleration + noise(random, 0.03), 3),
      velocity: round(car.velocity, 2),
      vibration: round(Math.abs(car.velocity) * (0.8 + car.railWear * 3) + Math.abs(noise(random, 0.1)), 2),
      doors: car.waiting > 0 && !car.stopped ? 'open' : 'closed',
      trips: car.trips,
    },
    ...(car.stopped ? { properties: { alarm: 'emergency-stop' } } : {}),
  }),
});
