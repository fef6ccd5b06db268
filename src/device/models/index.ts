import { batchReactor } from './batch-reactor.ts';
import { elevator } from './elevator.ts';
import type { Model } from './model.ts';
import { oilPump } from './oil-pump.ts';
import { refrigeratedTruck } from './refrigerated-truck.ts';
import { room } from './room.ts';

export type { Model, ModelRun, Reading } from './model.ts';

/** The built-in models, by name. */
export const models: ReadonlyMap<string, Model> = new Map(
  [refrigeratedTruck, oilPump, elevator, batchReactor, room].map((model) => [model.name, model]),
);
