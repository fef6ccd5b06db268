/** Firmware of simulated devices: loaded when somebody simulates it, because it brings the schemas of its documents along. */
export function loadFirmwareSimulator() {
  return import('./index.ts');
}
