import { extname } from 'node:path';
import { Failure } from '../../errors/index.ts';

export type ReportFormat = 'junit' | 'json' | 'markdown';

const formats: Readonly<Record<string, ReportFormat>> = { '.xml': 'junit', '.json': 'json', '.md': 'markdown' };

/** What a report is written as, by the end of its file's name. Failure: invalid-value. */
export function reportFormatOf(file: string): ReportFormat {
  const format = formats[extname(file).toLowerCase()];
  if (format !== undefined) return format;
  throw new Failure('invalid-value', `--report: "${file}" ends neither with .xml (JUnit) nor with .json or .md`);
}
