import type { JsonValue } from '../std/json.ts';

/** A direct method call as `POST /twins/{id}/methods` takes it. Source: service.md §4, device.md §7. */
export interface MethodRequest {
  methodName: string;
  payload: JsonValue;
  /** 5 to 300, default 30. */
  responseTimeoutInSeconds: number;
  /** 0 to 300, default 0; not above the response timeout. */
  connectTimeoutInSeconds: number;
}

/** The device's own answer; `status` is whatever it returned. */
export interface MethodResponse {
  status: number;
  payload: JsonValue;
}
