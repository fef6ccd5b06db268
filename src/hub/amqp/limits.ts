import { defaultLimits, type HubLimits } from '../limits/index.ts';

/** What a peer may ask of the hub over AMQP; what each means is in ../limits. Sizes in bytes, times in milliseconds. */
export type AmqpLimits = HubLimits['amqp'] & Pick<HubLimits['device'], 'turnBytes'>;

export const defaultAmqpLimits: AmqpLimits = { ...defaultLimits.amqp, turnBytes: defaultLimits.device.turnBytes };
