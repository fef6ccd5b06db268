/** Configurations as the fronts see them. Source: service.md §7. */
import type { Configuration, QueryTest } from '../../../protocol/configuration.ts';
import type { IfMatch } from '../services.ts';

export interface ConfigurationService {
  list(top: number): Promise<readonly Configuration[]>;
  /** HubError ConfigurationNotFound. */
  get(id: string): Promise<Configuration>;
  /**
   * Creates without If-Match, updates with it; content cannot change. `body` is untrusted JSON. HubErrors ArgumentInvalid,
   * ConfigurationAlreadyExists, ConfigurationNotFound, PreconditionFailed, InvalidConfiguration…,
   * CannotModifyImmutableConfigurationContent, ConfigurationCountLimitExceeded.
   */
  put(id: string, body: unknown, ifMatch: IfMatch): Promise<{ configuration: Configuration; created: boolean }>;
  /** HubErrors ConfigurationNotFound, PreconditionFailed. */
  delete(id: string, ifMatch: IfMatch): Promise<void>;
  testQueries(body: unknown): Promise<QueryTest>;
  /** Makes one edge device's modules what the content says. HubErrors ArgumentInvalid (no edge device), DeviceNotFound. */
  applyContent(deviceId: string, body: unknown): Promise<void>;
}
