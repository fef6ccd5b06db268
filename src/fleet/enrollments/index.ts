/** Enrollments of devices at the provisioning service. */
export { applyEnrollments, apiOf, type EnrollmentOutcome } from './apply-enrollments.ts';
export { readEnrollmentDocuments, type EnrollmentDocument, type EnrollmentKind } from './document.ts';
export { findEnrollment, type FoundEnrollment } from './find-enrollment.ts';
export { listEnrollments, type EnrollmentSummary } from './list-enrollments.ts';
export { registerDevice, type DeviceProof, type RegisteredDevice } from './register-device.ts';
