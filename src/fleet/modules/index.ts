export {
  createModules,
  deleteModules,
  listModules,
  parseModuleName,
  showModule,
  whereOfDevice,
  type ModuleDetails,
  type ModuleSummary,
} from './modules.ts';
