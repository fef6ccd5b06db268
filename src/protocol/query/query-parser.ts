import type { AggregateName, PathSegment, Query, QuerySource, SelectItem } from './ast.ts';
import { ConditionParser, isName } from './condition-parser.ts';
import { TokenCursor } from './cursor.ts';
import { sourceScope } from './names.ts';
import { describeToken, type Token } from './token.ts';

const aggregates: ReadonlySet<string> = new Set<AggregateName>(['COUNT', 'AVG', 'SUM', 'MIN', 'MAX']);

/** A select item with the token it began at, for errors that show up later. */
interface ParsedItem {
  readonly item: SelectItem;
  readonly token: Token;
}

/** The clauses of a query, in the order of the grammar of service.md §5.2. */
export class QueryParser {
  readonly #cursor: TokenCursor;
  readonly #source: QuerySource;
  readonly #conditions: ConditionParser;
  #unnamed = 0;

  constructor(text: string) {
    this.#cursor = new TokenCursor(text);
    this.#source = findSource(new TokenCursor(text));
    this.#conditions = new ConditionParser(this.#cursor, sourceScope(this.#source));
  }

  parse(): Query {
    this.#cursor.expectKeyword('SELECT');
    if (this.#cursor.isKeyword('DISTINCT'))
      this.#cursor.refuse('DISTINCT is not part of the IoT Hub query language', this.#cursor.current);
    const top = this.#parseTop();
    const items = this.#parseSelect();
    this.#cursor.expectKeyword('FROM');
    takeSource(this.#cursor);
    const where = this.#cursor.takeKeyword('WHERE') ? this.#conditions.parseCondition() : undefined;
    const groupBy = this.#parseGroupBy();
    this.#expectEnd(where !== undefined, groupBy.length > 0);
    this.#checkGrouping(items, groupBy);
    return {
      select: items === 'all' ? 'all' : items.map(({ item }) => item),
      top,
      source: this.#source,
      where,
      groupBy,
    };
  }

  #parseTop(): number | undefined {
    if (!this.#cursor.takeKeyword('TOP')) return undefined;
    const token = this.#cursor.current;
    if (token.kind !== 'number' || !Number.isSafeInteger(token.value) || token.value < 1) {
      this.#cursor.fail('expected a whole number from 1 after TOP');
    }
    this.#cursor.take();
    return token.value;
  }

  #parseSelect(): 'all' | ParsedItem[] {
    if (this.#cursor.takeSymbol('*')) return 'all';
    if (this.#source === 'devices.jobs') this.#cursor.fail("expected '*' (devices.jobs knows no projection)");
    const items: ParsedItem[] = [];
    do {
      const token = this.#cursor.current;
      const item = this.#parseItem(token);
      if (items.some((earlier) => earlier.item.name === item.name)) {
        this.#cursor.refuse(`two columns have the name '${item.name}', expected AS and another name`, token);
      }
      items.push({ item, token });
    } while (this.#cursor.takeSymbol(','));
    return items;
  }

  #parseItem(token: Token): SelectItem {
    if (token.kind === 'word' && this.#cursor.isSymbol('(', this.#cursor.next)) return this.#parseAggregate(token);
    const segments = this.#conditions.parsePath("expected '*', a property or an aggregate such as COUNT()");
    const last = segments.at(-1);
    return {
      kind: 'path',
      segments,
      name: this.#parseAlias() ?? (typeof last === 'string' ? last : this.#generatedName()),
    };
  }

  #parseAggregate(token: Token): SelectItem {
    const aggregate = token.text.toUpperCase();
    if (!isAggregate(aggregate)) this.#cursor.fail('expected COUNT, AVG, SUM, MIN or MAX');
    this.#cursor.take();
    this.#cursor.expectSymbol('(');
    const segments = aggregate === 'COUNT' ? undefined : this.#conditions.parsePath();
    this.#cursor.expectSymbol(')', aggregate === 'COUNT' ? ' (COUNT takes no argument)' : '');
    return { kind: 'aggregate', aggregate, segments, name: this.#parseAlias() ?? this.#generatedName() };
  }

  #parseAlias(): string | undefined {
    if (!this.#cursor.takeKeyword('AS')) return undefined;
    if (!isName(this.#cursor.current)) this.#cursor.fail('expected a name after AS');
    return this.#cursor.take().text;
  }

  #generatedName(): string {
    this.#unnamed += 1;
    return `$${this.#unnamed}`;
  }

  #parseGroupBy(): PathSegment[][] {
    const token = this.#cursor.current;
    if (!this.#cursor.takeKeyword('GROUP')) return [];
    this.#cursor.expectKeyword('BY');
    if (this.#source !== 'devices')
      this.#cursor.refuse(`GROUP BY works over devices only, not over ${this.#source}`, token);
    const paths = [this.#conditions.parsePath()];
    while (this.#cursor.takeSymbol(',')) paths.push(this.#conditions.parsePath());
    return paths;
  }

  #expectEnd(hasWhere: boolean, hasGroupBy: boolean): void {
    const token = this.#cursor.current;
    if (token.kind === 'end') return;
    if (this.#cursor.isKeyword('ORDER'))
      this.#cursor.refuse('ORDER BY is not part of the IoT Hub query language', token);
    const rest = hasGroupBy
      ? "',' or the end"
      : hasWhere
        ? 'AND, OR, GROUP BY or the end'
        : 'WHERE, GROUP BY or the end';
    this.#cursor.fail(`expected ${rest}`);
  }

  /** Every selected path must be grouped as soon as there is a group or an aggregate. */
  #checkGrouping(items: 'all' | readonly ParsedItem[], groupBy: readonly (readonly PathSegment[])[]): void {
    if (items === 'all') {
      if (groupBy.length > 0) this.#cursor.refuse('GROUP BY needs a list of columns, not *', this.#cursor.current);
      return;
    }
    if (groupBy.length === 0 && items.every(({ item }) => item.kind === 'path')) return;
    const grouped = new Set(groupBy.map((segments) => JSON.stringify(segments)));
    for (const { item, token } of items) {
      if (item.kind === 'path' && !grouped.has(JSON.stringify(item.segments))) {
        this.#cursor.refuse(
          `${describeToken(token)} is selected beside an aggregate or group, expected it in GROUP BY too`,
          token,
        );
      }
    }
  }
}

function isAggregate(text: string): text is AggregateName {
  return aggregates.has(text);
}

/** Looks ahead for the source, because it decides which names the columns before it may have. */
function findSource(cursor: TokenCursor): QuerySource {
  while (cursor.current.kind !== 'end' && !cursor.isKeyword('FROM')) cursor.take();
  return cursor.takeKeyword('FROM') ? takeSource(cursor) : 'devices';
}

function takeSource(cursor: TokenCursor): QuerySource {
  const token = cursor.current;
  if (!cursor.takeKeyword('DEVICES')) cursor.fail('expected devices, devices.modules or devices.jobs', token);
  if (!cursor.takeSymbol('.')) return 'devices';
  if (cursor.takeKeyword('MODULES')) return 'devices.modules';
  if (cursor.takeKeyword('JOBS')) return 'devices.jobs';
  return cursor.fail('expected modules or jobs');
}
