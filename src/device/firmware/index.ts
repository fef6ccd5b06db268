/** Updates of firmware: one machine, on a device's own ports. */
export type { InstallerLimits } from './limits.ts';
export { startInstaller, type Installer, type InstallerOptions } from './machine.ts';
export {
  FetchProblem,
  type Activation,
  type Boot,
  type BootView,
  type Deferral,
  type FetchAnswer,
  type FetchFirmware,
  type FetchRequest,
  type InstallerPorts,
  type SelfTestVerdict,
  type SlotName,
  type Slots,
  type SlotWriter,
  type StateStore,
  type Trial,
} from './ports.ts';
export { firstState, installerStateSchema, type Installed, type InstallerState } from './state.ts';
