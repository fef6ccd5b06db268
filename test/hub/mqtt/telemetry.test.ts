import { describe, expect, it } from 'vitest';
import { frontBench } from '../../support/mqtt-front.ts';

const events = 'devices/d1/messages/events/';

describe('telemetry over MQTT (device.md §2.3, §2.4)', () => {
  it('when a device publishes at QoS 1, then the message is in the log before the PUBACK', async () => {
    const { core, device } = frontBench();
    core.telemetry.holding = true;
    const peer = await device();
    peer.publish(`${events}%24.ct=text&a=b`, 'hello', { qos: 1, messageId: 7 });
    await peer.roundTrip();
    expect(core.telemetry.messages).toMatchObject([
      { bag: '%24.ct=text&a=b', body: 'hello', sender: { deviceId: 'd1' } },
    ]);
    core.telemetry.release();
    expect(await peer.next()).toMatchObject({ cmd: 'puback', messageId: 7 });
  });
});
