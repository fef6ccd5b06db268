/** What the use-cases need from a hub. A use-case asks for the narrowest part: `Pick<Hub, 'devices' | 'queries'>`. */
export type { EnrollmentApi } from '../client/enrollments.ts';
export type { Provisioning } from '../client/provisioning.ts';
export type {
  ArtifactStore,
  ConfigurationStore,
  DeviceRegistry,
  FaultStore,
  Hub,
  CertificateStore,
  JobRequest,
  JobStore,
  LinkEvent,
  MethodInvoker,
  ModuleRegistry,
  QueryRunner,
  RecordStore,
  StoredRecord,
  TelemetryBatch,
  TelemetryRequest,
  TelemetrySource,
  TwinStore,
} from '../client/service-api.ts';
export type { MessageQueues, QueueRequest } from '../client/messages.ts';
export type { CloudMessage, FeedbackRecord, ServiceChannel, UploadNotice } from '../client/amqp/channel.ts';
