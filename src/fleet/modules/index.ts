export {
  createModules,
  deleteModules,
  listModules,
  parseModuleName,
  showModule,
  type ModuleDetails,
  type ModuleSummary,
} from './modules.ts';
