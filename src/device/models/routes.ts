/** Roads for vehicles, as rough lines between towns. */
export interface Route {
  readonly name: string;
  readonly kilometres: number;
  readonly points: readonly RoutePoint[];
}

export interface RoutePoint {
  readonly latitude: number;
  readonly longitude: number;
}

function route(name: string, ...points: readonly (readonly [latitude: number, longitude: number])[]): Route {
  const line = points.map(([latitude, longitude]) => ({ latitude, longitude }));
  const kilometres = line.slice(1).reduce((sum, point, index) => sum + distance(line[index] ?? point, point), 0);
  return { name, kilometres, points: line };
}

export const routes: readonly [Route, ...Route[]] = [
  route(
    'Seattle–Portland',
    [47.606, -122.332],
    [47.253, -122.444],
    [46.715, -122.953],
    [46.147, -122.908],
    [45.515, -122.678],
  ),
  route('Rotterdam–Cologne', [51.924, 4.477], [51.588, 4.776], [51.441, 5.469], [51.37, 6.172], [50.938, 6.96]),
  route('Valencia–Lyon', [39.47, -0.376], [41.387, 2.168], [42.699, 2.895], [43.611, 3.877], [45.764, 4.836]),
  route('Osaka–Tokyo', [34.694, 135.502], [35.182, 136.906], [34.976, 138.383], [35.444, 139.638], [35.676, 139.65]),
];

/** Where a vehicle is after so many kilometres; it turns round at the ends and drives on. */
export function positionAlong(on: Route, kilometres: number): RoutePoint {
  const lap = kilometres % (2 * on.kilometres);
  let left = lap <= on.kilometres ? lap : 2 * on.kilometres - lap;
  for (let index = 1; index < on.points.length; index++) {
    const from = on.points[index - 1];
    const to = on.points[index];
    if (from === undefined || to === undefined) break;
    const leg = distance(from, to);
    if (left <= leg) return between(from, to, left / leg);
    left -= leg;
  }
  return on.points.at(-1) ?? { latitude: 0, longitude: 0 };
}

function between(from: RoutePoint, to: RoutePoint, share: number): RoutePoint {
  return {
    latitude: from.latitude + (to.latitude - from.latitude) * share,
    longitude: from.longitude + (to.longitude - from.longitude) * share,
  };
}

/** Great-circle distance by the haversine formula. */
function distance(from: RoutePoint, to: RoutePoint): number {
  const radians = Math.PI / 180;
  const a =
    Math.sin(((to.latitude - from.latitude) * radians) / 2) ** 2 +
    Math.cos(from.latitude * radians) *
      Math.cos(to.latitude * radians) *
      Math.sin(((to.longitude - from.longitude) * radians) / 2) ** 2;
  return 2 * 6_371 * Math.asin(Math.sqrt(a));
}
