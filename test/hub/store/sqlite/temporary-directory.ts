import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A path for a database that is removed after the test. */
export function temporaryDatabase(): string {
  const directory = mkdtempSync(join(tmpdir(), 'iotctl-registry-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 'registry.db');
}
