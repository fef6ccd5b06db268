import { approach, defineModel, noise, pick, round, type CommandOutcome } from './model.ts';
import { positionAlong, routes, type Route } from './routes.ts';

interface Truck {
  readonly route: Route;
  readonly kilometres: number;
  readonly speed: number;
  readonly temperature: number;
  readonly target: number;
  readonly ambient: number;
  readonly doorOpen: boolean;
  readonly compressorOn: boolean;
  /** Share of the refrigerant that is left; below a fifth the box cannot be kept cold. */
  readonly refrigerant: number;
}

/** One truck in eight has lost refrigerant. */
const leakyShare = 0.125;
const lowRefrigerant = 0.2;
/** Time constants of the box: through its walls, through an open door, and by the compressor at full charge. */
const wallsTau = 6 * 3_600;
const doorTau = 900;
const coolingTau = 2_400;
const evaporatorTemperature = -32;
const stepSeconds = 60;

function coolBox(truck: Truck, seconds: number): Truck {
  const compressorOn = truck.temperature > truck.target + (truck.compressorOn ? -1 : 1);
  const warming = 1 / wallsTau + (truck.doorOpen ? 1 / doorTau : 0);
  const cooling = compressorOn ? truck.refrigerant / coolingTau : 0;
  const balance = (warming * truck.ambient + cooling * evaporatorTemperature) / (warming + cooling);
  return {
    ...truck,
    compressorOn,
    temperature: approach(truck.temperature, balance, seconds, 1 / (warming + cooling)),
  };
}

function drive(truck: Truck, seconds: number, random: () => number): Truck {
  const speed = truck.doorOpen ? 0 : Math.max(0, Math.min(90, truck.speed + noise(random, 12)));
  return { ...truck, speed, kilometres: truck.kilometres + (speed * seconds) / 3_600 };
}

function door(truck: Truck, open: boolean): CommandOutcome<Truck> {
  const verb = open ? 'open' : 'closed';
  if (truck.doorOpen === open)
    return { state: truck, status: 409, payload: { message: `the door is ${verb} already` } };
  return { state: { ...truck, doorOpen: open, speed: open ? 0 : 60 }, status: 200, payload: { door: verb } };
}

function finding(truck: Truck): { finding: string; advice: string } {
  if (truck.doorOpen) return { finding: 'door open', advice: 'close the door' };
  if (truck.refrigerant < lowRefrigerant) return { finding: 'refrigerant low', advice: 'refill and look for a leak' };
  return { finding: 'normal', advice: 'none' };
}

export const refrigeratedTruck = defineModel<Truck>({
  name: 'refrigerated-truck',
  summary: 'A lorry with a cooled box: temperature every 5 minutes, position along a route',
  intervalSeconds: 300,
  fields: {
    temperature: 'box temperature, °C',
    latitude: 'degrees',
    longitude: 'degrees',
    speed: 'km/h',
    door: 'open or closed',
    compressor: 'on or off',
  },
  facts: { manufacturer: 'Northern Haulage', firmware: '2.4.1' },
  settings: {
    targetTemperature: {
      summary: 'box temperature to keep, °C',
      minimum: -25,
      maximum: 10,
      default: -18,
      apply: (truck, target) => ({ ...truck, target }),
    },
  },
  commands: {
    diagnose: {
      summary: 'checks the cooling and says what is wrong',
      run: (truck) => ({
        state: truck,
        status: 200,
        payload: {
          ...finding(truck),
          temperature: round(truck.temperature, 1),
          targetTemperature: truck.target,
          refrigerantPercent: Math.round(truck.refrigerant * 100),
          compressor: truck.compressorOn ? 'on' : 'off',
          door: truck.doorOpen ? 'open' : 'closed',
        },
      }),
    },
    'open-door': { summary: 'opens the box; the truck stops', run: (truck) => door(truck, true) },
    'close-door': { summary: 'closes the box', run: (truck) => door(truck, false) },
  },
  start: (random) => {
    const leaky = random() < leakyShare;
    const route = pick(routes, random);
    return {
      route,
      kilometres: random() * route.kilometres,
      speed: 50 + random() * 30,
      temperature: leaky ? -6 + noise(random, 2) : -18 + noise(random, 1),
      target: -18,
      ambient: 12 + random() * 14,
      doorOpen: false,
      compressorOn: true,
      refrigerant: leaky ? 0.05 + random() * 0.1 : 0.8 + random() * 0.2,
    };
  },
  advance: (truck, seconds, random) => {
    let next = drive(truck, seconds, random);
    for (let left = Math.min(seconds, 86_400); left > 0; left -= stepSeconds)
      next = coolBox(next, Math.min(left, stepSeconds));
    return next;
  },
  read: (truck, random) => {
    const { latitude, longitude } = positionAlong(truck.route, truck.kilometres);
    const temperature = round(truck.temperature + noise(random, 0.2), 1);
    return {
      body: {
        temperature,
        latitude: round(latitude, 5),
        longitude: round(longitude, 5),
        speed: Math.round(truck.speed),
        door: truck.doorOpen ? 'open' : 'closed',
        compressor: truck.compressorOn ? 'on' : 'off',
      },
      ...(temperature > truck.target + 6 ? { properties: { alarm: 'temperature' } } : {}),
    };
  },
});
