import { writeStatements } from './statements.ts';
import type { Template } from './template.ts';
import type { SqlValue } from './thread/messages.ts';

/** What a change runs. Both threads know the recipes, so a change travels as a name and values. */
export interface Recipe {
  /** Compares and writes one row. */
  readonly first: Template;
  /** Run when `first` changed a row. */
  readonly after?: Template;
  /** Asked when `first` changed nothing: is there a row at all? */
  readonly otherwise?: Template;
}

export type RecipeName =
  | 'insert'
  | 'insertModule'
  | 'replace'
  | 'delete'
  | 'touch'
  | 'touchState'
  | 'disconnectAll'
  | 'writeSetting'
  | 'writeSession'
  | 'deleteSession'
  | 'watchInsertedTags'
  | 'watchChangedTags'
  | 'watchInsertedDesired'
  | 'watchChangedDesired'
  | 'watchInsertedReported'
  | 'watchChangedReported'
  | 'addPropertyPath'
  | 'fillTags'
  | 'fillDesired'
  | 'fillReported'
  | 'completePropertyPath'
  | 'putDocument'
  | 'deleteDocument';

export const recipes: Readonly<Record<RecipeName, Recipe>> = {
  insert: { first: writeStatements.insertIdentity, after: writeStatements.insertTwin },
  insertModule: {
    first: writeStatements.insertModule,
    after: writeStatements.insertTwin,
    otherwise: writeStatements.findIdentity,
  },
  replace: {
    first: writeStatements.replaceIdentity,
    after: writeStatements.replaceTwin,
    otherwise: writeStatements.findIdentity,
  },
  delete: {
    first: writeStatements.deleteIdentity,
    after: writeStatements.deleteModules,
    otherwise: writeStatements.findIdentity,
  },
  touch: { first: writeStatements.touch },
  touchState: { first: writeStatements.touchState },
  disconnectAll: { first: writeStatements.disconnectAll },
  writeSetting: { first: writeStatements.writeSetting },
  writeSession: { first: writeStatements.writeSession },
  deleteSession: { first: writeStatements.deleteSession },
  watchInsertedTags: { first: writeStatements.watchInsertedTags },
  watchChangedTags: { first: writeStatements.watchChangedTags },
  watchInsertedDesired: { first: writeStatements.watchInsertedDesired },
  watchChangedDesired: { first: writeStatements.watchChangedDesired },
  watchInsertedReported: { first: writeStatements.watchInsertedReported },
  watchChangedReported: { first: writeStatements.watchChangedReported },
  addPropertyPath: { first: writeStatements.addPropertyPath },
  fillTags: { first: writeStatements.fillTags },
  fillDesired: { first: writeStatements.fillDesired },
  fillReported: { first: writeStatements.fillReported },
  completePropertyPath: { first: writeStatements.completePropertyPath },
  putDocument: { first: writeStatements.putDocument },
  deleteDocument: { first: writeStatements.deleteDocument },
};

/** A recipe with its values, those of its statements one after the other. An array, because those cross threads fastest. */
export type Change = readonly [recipe: RecipeName, ...values: SqlValue[]];

/** Fills in a recipe; its statements take the values they name. */
export function bindChange(name: RecipeName, values: Readonly<Record<string, SqlValue>>): Change {
  const { first, after, otherwise } = recipes[name];
  const bound: [RecipeName, ...SqlValue[]] = [name];
  first.bind(values, bound);
  after?.bind(values, bound);
  otherwise?.bind(values, bound);
  return bound;
}
